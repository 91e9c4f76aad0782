import Crypto

/// The Ed25519 key pair that platform and bot derive from the bot's secret.
struct BotKey: Sendable {
  static let secret = "DG5g3B4j9X2KOErG"
  static let shared: Result<BotKey, any Error> = Result { try BotKey(secret: secret) }

  private let privateKey: Curve25519.Signing.PrivateKey
  private let publicKey: Curve25519.Signing.PublicKey

  /// The seed is the secret's bytes, repeated to 32.
  init(secret: String) throws {
    let bytes = Array(secret.utf8)
    privateKey = try Curve25519.Signing.PrivateKey(rawRepresentation: (0..<32).map { bytes[$0 % bytes.count] })
    publicKey = privateKey.publicKey
  }

  /// The value of `X-Signature-Ed25519`.
  func signature(timestamp: String, body: [UInt8]) throws -> String {
    let digits = Array("0123456789abcdef".utf8)
    let signature = try privateKey.signature(for: Array(timestamp.utf8) + body)
    return String(decoding: signature.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  func isValid(signature: String, timestamp: String, body: some Sequence<UInt8>) -> Bool {
    let digits = Array(signature.utf8)
    guard digits.count == 128 else { return false }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(of: digits[index]), let low = Self.value(of: digits[index + 1]) else { return false }
      bytes.append(high << 4 | low)
    }
    return publicKey.isValidSignature(bytes, for: Array(timestamp.utf8) + body)
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}

import Core
import Crypto
import Foundation

/// The Ed25519 key pair that bot and platform both derive from the bot secret.
struct QQSigningKey: Sendable {
  private let privateKey: Curve25519.Signing.PrivateKey
  private let publicKey: Curve25519.Signing.PublicKey

  /// Nil for an empty secret.
  init?(secret: Secret) {
    guard let seed = Self.seed(of: secret), let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else {
      return nil
    }
    privateKey = key
    publicKey = key.publicKey
  }

  /// The secret's UTF-8 bytes, repeated and cut to 32.
  static func seed(of secret: Secret) -> [UInt8]? {
    let bytes = Array(secret.reveal().utf8)
    guard !bytes.isEmpty else { return nil }
    return (0..<32).map { bytes[$0 % bytes.count] }
  }

  var publicKeyBytes: [UInt8] { Array(publicKey.rawRepresentation) }

  /// Signs `timestamp` followed by `text`; lower-case hexadecimal.
  ///
  /// Events are signed with the same key over the same layout, so whoever may choose both parts freely can forge events:
  /// call this for a `QQURLValidation` only.
  func signature(over validation: QQURLValidation) -> String? {
    let message = Array(validation.eventTimestamp.utf8) + Array(validation.plainToken.utf8)
    guard let signature = try? privateKey.signature(for: message) else { return nil }
    return signature.hexadecimal
  }

  /// Whether `signature` was made with this key over `timestamp` and then `body`.
  func isValid(_ signature: QQSignature, timestamp: String, body: [UInt8]) -> Bool {
    publicKey.isValidSignature(signature.bytes, for: Array(timestamp.utf8) + body)
  }
}

/// The value of `X-Signature-Ed25519`, once it has the only shape that can verify.
struct QQSignature: Sendable, Hashable {
  let bytes: [UInt8]

  /// Nil unless `text` is 128 hexadecimal digits of either case whose last byte has its top three bits clear.
  init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 128 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(64)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(of: digits[index]), let low = Self.value(of: digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    guard bytes[63] & 0xe0 == 0 else { return nil }
    self.bytes = bytes
  }

  private static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

import Core
import Crypto

/// The Ed25519 key that a signature is checked with, written as 64 lower-case hexadecimal digits.
package struct SkillPublicKey: Hashable, Sendable, CustomStringConvertible {
  static let size = 32

  let bytes: [UInt8]

  /// Nil when `text` is not 64 hexadecimal digits.
  package init?(_ text: String) {
    guard let bytes = [UInt8](hexadecimal: text), bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }

  init(_ key: Curve25519.Signing.PublicKey) {
    bytes = Array(key.rawRepresentation)
  }

  /// Takes 32 bytes; nil for any other number.
  init?(bytes: [UInt8]) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }

  package var description: String { bytes.hexadecimal }

  func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
    return key.isValidSignature(signature, for: message)
  }
}

extension [UInt8] {
  /// Nil when `text` is not an even number of lower-case hexadecimal digits.
  init?(hexadecimal text: String) {
    let digits = text.utf8.map { digit in "0123456789abcdef".utf8.enumerated().first { $0.element == digit }?.offset }
    guard digits.count.isMultiple(of: 2), digits.allSatisfy({ $0 != nil }) else { return nil }
    let values = digits.compactMap { $0 }
    self = stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
  }
}

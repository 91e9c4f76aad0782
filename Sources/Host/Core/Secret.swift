/// A value that must never be printed: a token, a key, a bot secret. Every textual form says `<redacted>`.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  package init(_ value: String) {
    self.value = value
  }

  /// The secret itself, for the one call that needs it.
  package func reveal() -> String { value }

  /// Compares in time that depends only on the lengths.
  package func matches(_ other: String) -> Bool {
    let left = Array(value.utf8)
    let right = Array(other.utf8)
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  package var description: String { "<redacted>" }
  package var debugDescription: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

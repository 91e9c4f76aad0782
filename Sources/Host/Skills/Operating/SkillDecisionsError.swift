/// Why the operator's decisions cannot be read or changed.
package struct SkillDecisionsError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The file is there and cannot be read.
    case unreadable = "decisions_unreadable"
    /// The file breaks the rules.
    case malformed = "decisions_malformed"
    case notWritable = "decisions_not_writable"
  }

  package let code: Code
  /// What was wrong and where; names the key.
  package let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}

/// Why a file could not be signed, looked into or written.
package struct ProvenanceError: Error, Sendable, Equatable {
  /// What kind of failure it was.
  package enum Code: String, Sendable {
    /// A file cannot be read.
    case unreadable
    /// A file cannot be written.
    case notWritable = "not_writable"
    /// A file that must not be overwritten is there already.
    case exists
    /// What a file holds is no key, or not the kind of key that is needed.
    case notAKey = "not_a_key"
    /// The host would not load the file.
    case notASkill = "not_a_skill"
  }

  package let code: Code
  /// What was wrong, where, and what to do.
  package let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

/// Why something that the operator wants done about a skill cannot be done.
package struct SkillOperatingError: Error, Sendable, Equatable {
  package enum Code: String, Sendable {
    case unknownSkill = "unknown_skill"
    case ambiguousSkill = "ambiguous_skill"
    case noBuildKept = "no_build_kept"
    case unknownBuild = "unknown_build"
    case noFile = "no_file"
    case unknownScope = "unknown_scope"
  }

  package let code: Code
  /// What was wrong, and what is possible.
  package let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}

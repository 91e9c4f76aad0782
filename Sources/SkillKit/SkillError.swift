/// Why a tool fails, in words for the person who called it. Throw it from a tool; any other error is `internal`.
public struct SkillError: Error, Sendable, Equatable {
  /// An `OC_…` code of `openclaw_skill.h`, or 100 and above for codes of the skill's own.
  public let code: Int32
  public let message: String

  /// - Parameter code: 100 or above for a code of the skill's own.
  public init(code: Int32, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The arguments make no sense.
  public static func badArgument(_ message: String) -> SkillError { SkillError(code: 1, message) }
  /// It may not be done.
  public static func denied(_ message: String) -> SkillError { SkillError(code: 2, message) }
  /// There is no such thing.
  public static func notFound(_ message: String) -> SkillError { SkillError(code: 3, message) }
  /// It is in the way of something else.
  public static func conflict(_ message: String) -> SkillError { SkillError(code: 4, message) }
  /// Something that is needed does not answer now.
  public static func unavailable(_ message: String) -> SkillError { SkillError(code: 5, message) }
  /// Stopped because `Call.isCancelled`.
  public static func cancelled(_ message: String) -> SkillError { SkillError(code: 6, message) }
  /// More than can be handled.
  public static func tooLarge(_ message: String) -> SkillError { SkillError(code: 8, message) }
}

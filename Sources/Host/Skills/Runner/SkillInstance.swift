import Core

/// One loaded copy of a skill, that takes one call at a time: a confined process, or a library in this one.
protocol SkillInstance: Sendable {
  /// Whether a call may begin. False for ever once it has ended.
  var isIdle: Bool { get }

  /// Makes one call. `answer` is asked for every capability that the skill requests meanwhile.
  func call(
    _ invocation: SkillInvocation, clock: WallClock, answer: @Sendable (CapabilityQuestion) async -> CapabilityAnswer
  ) async throws(ToolError) -> JSON

  /// Ends it; a call in flight fails. Returns at once.
  func stop()
}

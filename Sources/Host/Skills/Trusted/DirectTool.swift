package import Core

/// A typed tool of a trusted skill, looked up for direct calls: on the caller's thread, without the queue of its pool.
package struct DirectTool: Sendable {
  private let build: SkillBuild
  private let tool: SkillBuild.PreparedTool
  private let typed: TypedArguments
  private let skill: TrustedSkill
  private let limits: SkillLimits

  /// Nil when the tool cannot be called so.
  init?(_ route: RoutingTable.Route, limits: SkillLimits) {
    guard let typed = route.prepared.typed, let skill = route.build.trustedSkill else { return nil }
    self.build = route.build
    self.tool = route.prepared
    self.typed = typed
    self.skill = skill
    self.limits = limits
  }

  /// Calls it, and blocks the thread for as long as the tool takes. Nil when the skill is busy, or the build does not serve any
  /// more: nothing was called then, and `SkillHost.call` is the way.
  package func call(_ arguments: JSON) throws(ToolError) -> JSON? {
    guard build.enter() else { return nil }
    defer { build.leave() }
    return try skill.callDirectly(tool, typed, arguments, limits: limits)
  }
}

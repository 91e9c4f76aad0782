import Core

/// Which build serves which tool. Replaced as a whole, under a lock, in one step.
struct RoutingTable: Sendable {
  struct Route: Sendable {
    let build: SkillBuild
    let prepared: SkillBuild.PreparedTool
    /// What the skill may use.
    let grants: SkillGrants

    /// Whether nothing that the tool needs waits for a grant.
    var isOffered: Bool { grants.missing(for: prepared.declaration).isEmpty }
  }

  /// The build that each file serves.
  private(set) var builds: [String: SkillBuild] = [:]
  /// Builds that finish their last calls.
  private(set) var draining: [SkillBuild] = []
  /// Those that may be called.
  private(set) var tools: [Tool] = []
  /// What the operator lets skills use.
  var grants = GrantTable() {
    didSet { rebuild() }
  }
  private var routes: [String: Route] = [:]

  func route(to tool: String) -> Route? { routes[tool] }

  /// Where a call that was planned for a certain build may run, best first.
  ///
  /// A write runs on its own build or nowhere. A read may run on the build that took its place.
  func candidates(for tool: Tool) -> [Route] {
    let current = routes[tool.name]
    if let current, current.build.hash == tool.build { return [current] }
    var candidates = draining.filter { $0.hash == tool.build }.compactMap { build in
      build.tools[tool.name].map { Route(build: build, prepared: $0, grants: grants.grants(to: build.manifest.id)) }
    }
    if let current, tool.effect == .read, current.prepared.tool.effect == .read { candidates.append(current) }
    return candidates
  }

  /// Why `manifest` cannot be served beside the others. `file` and the files in `leaving` are about to be replaced.
  func collision(of manifest: SkillManifest, in file: String, leaving: Set<String>) -> SkillRefusal? {
    for (other, build) in builds.sorted(by: { $0.key < $1.key }) where other != file && !leaving.contains(other) {
      if build.manifest.id == manifest.id {
        return SkillRefusal(.collision, "the skill '\(manifest.id)' is already served by '\(other)'")
      }
      if let tool = manifest.tools.first(where: { build.tools[$0.name] != nil }) {
        return SkillRefusal(.collision, "the tool '\(tool.name)' is already served by '\(other)'")
      }
    }
    return nil
  }

  /// Serves `build` for `file` from now on, and nothing any more for `leaving`. The builds that are to be drained.
  mutating func install(_ build: SkillBuild?, for file: String, leaving: Set<String> = []) -> [SkillBuild] {
    var replaced: [SkillBuild] = []
    for name in leaving.union([file]).sorted() {
      if let old = builds.removeValue(forKey: name) { replaced.append(old) }
    }
    builds[file] = build
    draining += replaced
    rebuild()
    return replaced
  }

  mutating func forget(_ drained: SkillBuild) {
    draining.removeAll { $0 === drained }
  }

  private mutating func rebuild() {
    routes = [:]
    for build in builds.values {
      let granted = grants.grants(to: build.manifest.id)
      for (name, prepared) in build.tools { routes[name] = Route(build: build, prepared: prepared, grants: granted) }
    }
    tools = routes.values.filter(\.isOffered).map(\.prepared.tool).sorted { $0.name < $1.name }
  }
}

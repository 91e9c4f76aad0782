package import Core
package import Logging
import ServiceLifecycle
import Synchronization
import Watching

/// Loads the skills of one folder, keeps them up to date while the host runs, and makes calls of their tools.
///
/// Nothing is loaded before `run()`. Reloads are atomic: a call runs wholly on the build on which it began, and a build that
/// cannot be served changes nothing.
package final class SkillHost: Toolbox, Service {
  struct State: Sendable {
    var routing = RoutingTable()
    /// What `status()` says of files, by name.
    var files: [String: FileStatus] = [:]
    var shelf = InstructionsShelf()
  }

  struct FileStatus: Sendable {
    /// The id of a refused skill, once known.
    var name: String?
    var refusal: SkillRefusal?
  }

  let configuration: SkillHostConfiguration
  let logger: Logger
  let ledger: CrashLedger
  /// Copies and hashes files.
  let reader = SerialThread(name: "skill-read")
  let state = Mutex(State())
  let runners: RunnerSpare
  private let gate: CapabilityGate
  private let clock: WallClock
  private let grants: @Sendable (String) -> SkillGrants
  private let onScan: @Sendable () -> Void
  private let scanned = Latch()

  /// - Parameters:
  ///   - store: where the `kv` capability keeps what skills store.
  ///   - policy: asked for every capability that a skill requests.
  ///   - grants: what the operator granted to the skill of that id; asked when a call begins.
  ///   - onCapability: called for every such request, with what became of it.
  ///   - onScan: called after every look at the folder, when `tools` and `status()` are up to date.
  package init(
    _ configuration: SkillHostConfiguration, store: any SkillKeyValueStore, policy: any CapabilityPolicy,
    clock: WallClock = .system, logger: Logger, grants: @escaping @Sendable (String) -> SkillGrants = { _ in .harmless },
    onCapability: @escaping @Sendable (CapabilityRecord) -> Void = { _ in },
    onScan: @escaping @Sendable () -> Void = {}
  ) {
    self.configuration = configuration
    self.logger = logger
    self.clock = clock
    self.grants = grants
    self.onScan = onScan
    ledger = CrashLedger(tolerance: configuration.limits.crashes)
    runners = RunnerSpare(executable: configuration.runner, startBudget: configuration.limits.start)
    gate = CapabilityGate(store: store, policy: policy, clock: clock, observe: onCapability)
  }

  deinit {
    reader.close()
  }

  /// Watches the folder until the service group shuts down or the task is cancelled; then ends all runners.
  package func run() async throws {
    await cancelWhenGracefulShutdown { await self.watchFolder() }
  }

  /// Returns once the folder has been looked at for the first time after `run()`, or the task is cancelled.
  package func waitUntilScanned() async {
    await scanned.wait()
  }

  private func watchFolder() async {
    let (looks, demand) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    await withDiscardingTaskGroup { group in
      group.addTask { [configuration, logger] in
        for await _ in DirectoryWatcher(configuration.plugins, includingFolders: true, logger: logger) { demand.yield() }
        demand.finish()
      }
      group.addTask { await self.runners.run() }
      var folder = FolderLedger()
      for await _ in looks {
        for build in await scan(&folder) { group.addTask { await self.drain(build) } }
        scanned.open()
        onScan()
        let age = configuration.limits.incompleteAge
        if folder.arrangesLook(after: age, now: .now) {
          group.addTask {
            do { try await Task.sleep(for: age) } catch { return }
            demand.yield()
          }
        }
      }
      for build in state.withLock({ $0.routing.draining + $0.routing.builds.values }) { build.close() }
      group.cancelAll()
    }
  }

  private func drain(_ build: SkillBuild) async {
    await build.retire()
    state.withLock { $0.routing.forget(build) }
  }
}

// MARK: Toolbox

extension SkillHost {
  package var tools: [Tool] { state.withLock { $0.routing.tools } }

  package var instructions: [SkillInstructions] {
    let (files, shelf) = state.withLock { ($0.routing.builds.keys, $0.shelf) }
    let all = files.compactMap { try? shelf.content(beside: $0)?.get() }
    return Set(all).sorted { ($0.name, $0.description) < ($1.name, $1.description) }
  }

  package func tool(named name: String) -> Tool? {
    state.withLock { $0.routing.route(to: name)?.prepared.tool }
  }

  package func validate(_ arguments: JSON, for tool: Tool) throws(ToolError) {
    guard let route = state.withLock({ $0.routing.candidates(for: tool).first ?? $0.routing.route(to: tool.name) }) else {
      throw Self.gone(tool)
    }
    _ = try route.prepared.declaration.input.check(arguments)
  }

  package func call(_ call: ToolCall) async throws(ToolError) -> JSON {
    if let tool = directTool(for: call.tool) {
      let result = try await CallThreads.shared.run { () throws(ToolError) in try tool.call(call.arguments) }
      if let result { return result }
    }
    let route = try enter(call.tool)
    defer { route.build.leave() }
    return try await route.build.call(
      call, route.prepared, grants: grants(route.build.manifest.id), gate: gate, limits: configuration.limits, clock: clock)
  }

  /// The tool for direct calls, if its skill is trusted and the tool typed.
  package func directTool(for tool: Tool) -> DirectTool? {
    guard let route = state.withLock({ $0.routing.route(to: tool.name) }), route.build.isTrusted, route.build.hash == tool.build
    else { return nil }
    return DirectTool(route, limits: configuration.limits)
  }

  /// Finds the build for a call and counts the call in.
  private func enter(_ tool: Tool) throws(ToolError) -> RoutingTable.Route {
    if let route = state.withLock({ $0.routing.route(to: tool.name) }), route.build.hash == tool.build, route.build.enter() {
      return route
    }
    var refused: SkillBuild?
    while true {
      let candidates = state.withLock { $0.routing.candidates(for: tool) }
      if let route = candidates.first(where: { $0.build.enter() }) { return route }
      // The last of them was served a moment ago and has been drained since: there is a newer one, or none.
      guard let last = candidates.last?.build, last !== refused else { throw Self.gone(tool) }
      refused = last
    }
  }

  private static func gone(_ tool: Tool) -> ToolError {
    ToolError(.gone, "the tool '\(tool.name)' is not loaded any more, or not in the build that this call was made for")
  }

  package func status() -> [SkillStatus] {
    let (files, builds, shelf) = state.withLock { ($0.files, $0.routing.builds, $0.shelf) }
    return files.sorted { $0.key < $1.key }.map { file, status in
      guard let build = builds[file] else {
        let state: SkillStatus.State =
          switch status.refusal?.code {
          case .incomplete: .waiting
          case .quarantined: .quarantined
          default: .refused
          }
        return SkillStatus(
          name: status.name ?? file, file: file, version: nil, build: nil, state: state, detail: status.refusal?.message)
      }
      let history = ledger.history(of: build.hash)
      let rule = configuration.signatureRule
      let update = status.refusal.map { "a new file is not served: \($0.message)" }
      let crash = history.lastFault.map { "last crash: \($0)" }
      let trust = build.isTrusted ? "trusted: runs inside the host process" : nil
      let detail = [update ?? crash ?? trust, rule.description(of: build.signature), shelf.description(beside: file)]
        .compactMap(\.self)
      return SkillStatus(
        name: build.manifest.id, file: file, version: build.manifest.version, build: build.hash,
        state: history.isQuarantined ? .quarantined : .loaded,
        detail: detail.isEmpty ? nil : detail.joined(separator: "; "), signer: build.signature.flatMap { rule.name(of: $0.key) })
    }
  }
}

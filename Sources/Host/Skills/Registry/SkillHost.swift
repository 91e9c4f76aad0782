package import Core
import Glibc
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
    var decisions = TakenDecisions()
  }

  struct FileStatus: Sendable {
    /// The skill's id, once known.
    var name: String?
    var refusal: SkillRefusal?
    /// What the file holds.
    var version: String?
    /// The hash of what the file holds.
    var offered: String?
    var isDisabled = false
    /// The version that the file holds, while a kept build is served instead.
    var replaces: String?
  }

  /// Files that are read, and images that are started, at the same time.
  static let width = 8

  let configuration: SkillHostConfiguration
  let logger: Logger
  let ledger: CrashLedger
  /// They copy and hash files.
  let readers = (0..<4).map { SerialThread(name: "skill-read-\($0)") }
  /// Writes what the host keeps about skills.
  let files = SerialThread(name: "skill-files")
  let archive: BuildArchive
  let logFiles: SkillLogFiles
  let statusFile: StatusFile
  let onEvent: @Sendable (SkillEvent) -> Void
  let state = Mutex(State())
  let runners: RunnerSpare
  private let gate: CapabilityGate
  /// Whether somebody else than the operator says what is granted.
  let hasFixedGrants: Bool
  let clock: WallClock
  private let onScan: @Sendable () -> Void
  private let scanned = Latch()

  /// - Parameters:
  ///   - services: what the capabilities that skills request stand on.
  ///   - grants: what is granted to the skill of that id, where that is not the operator's decision.
  ///   - onEvent: called for everything that happens to skills and is decided about them.
  ///   - onScan: called after every look at the folder, when `tools` and `status()` are up to date.
  package init(
    _ configuration: SkillHostConfiguration, services: CapabilityServices, clock: WallClock = .system, logger: Logger,
    grants: (@Sendable (String) -> SkillGrants)? = nil, onEvent: @escaping @Sendable (SkillEvent) -> Void = { _ in },
    onScan: @escaping @Sendable () -> Void = {}
  ) {
    self.configuration = configuration
    self.logger = logger
    self.clock = clock
    hasFixedGrants = grants != nil
    self.onEvent = onEvent
    self.onScan = onScan
    ledger = CrashLedger(tolerance: configuration.limits.crashes)
    runners = RunnerSpare(executable: configuration.runner, startBudget: configuration.limits.start)
    let folder = SkillFolder(data: configuration.data)
    archive = BuildArchive(data: configuration.data)
    logFiles = SkillLogFiles(folder: folder.logs, thread: files)
    statusFile = StatusFile(path: folder.status, thread: files, logger: logger)
    gate = CapabilityGate(services, clock: clock)
    if let grants { state.withLock { $0.routing.grants = GrantTable(fixed: grants) } }
    ledger.listen { [weak self] build, isNowQuarantined in self?.noteFault(of: build, isNowQuarantined) }
  }

  deinit {
    for reader in readers { reader.close() }
    files.close()
  }

  /// What is demanded of signatures now.
  var signatureRule: SignatureRule {
    let decided = state.withLock(\.decisions.inForce)?.trustedKeys ?? [:]
    return SignatureRule(
      configuration.requireSignature,
      keys: configuration.trustedKeys().merging(decided, uniquingKeysWith: { _, decided in decided }))
  }

  /// For what is read one after the other.
  var reader: SerialThread { readers[0] }

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
    let skills = SkillFolder(data: configuration.data)
    await reader.run {
      _ = SkillFolder.make(skills.path)
      // What another process of the service said last is not so any more.
      unlink(skills.status)
    }
    _ = await readDecisions()
    await withDiscardingTaskGroup { group in
      group.addTask { [logger] in
        let watcher = DirectoryWatcher(skills.path, quiet: .milliseconds(20), logger: logger)
        for await _ in watcher where await self.readDecisions() { demand.yield() }
      }
      group.addTask { [configuration, logger] in
        for await _ in DirectoryWatcher(configuration.plugins, includingFolders: true, logger: logger) { demand.yield() }
        demand.finish()
      }
      group.addTask { await self.runners.run() }
      var folder = FolderLedger()
      var revision: Int?
      for await _ in looks {
        let decisions = state.withLock(\.decisions)
        if let revision, revision != decisions.revision { folder.readAllAgain() }
        revision = decisions.revision
        for build in await scan(&folder) { group.addTask { await self.drain(build) } }
        state.withLock { $0.decisions.looked = decisions.inForce?.digest }
        requestStatus()
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
    // What was begun is finished: a build that is being kept, the last lines of a log.
    await files.run {}
  }

  private func noteFault(of build: String, _ isNowQuarantined: Bool) {
    requestStatus()
    guard isNowQuarantined else { return }
    let manifest = state.withLock { state in
      (state.routing.builds.values + state.routing.draining).first { $0.hash == build }?.manifest
    }
    logger.error("skill_quarantined", metadata: ["skill": .string(manifest?.id ?? ""), "build": .string(build)])
    onEvent(SkillEvent(.quarantined, skill: manifest?.id, build: build, version: manifest?.version))
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
    try SkillBuild.checkGranted(route.prepared.declaration, of: route.build.manifest, route.grants)
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
      call, route.prepared, grants: route.grants, gate: gate, limits: configuration.limits, clock: clock)
  }

  /// The tool for direct calls, if its skill is trusted and the tool typed.
  package func directTool(for tool: Tool) -> DirectTool? {
    guard let route = state.withLock({ $0.routing.route(to: tool.name) }), route.build.isTrusted, route.build.hash == tool.build,
      // A typed tool cannot use a scope; one that declares any goes the way on which grants are looked at.
      route.prepared.declaration.scopes.isEmpty
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
}

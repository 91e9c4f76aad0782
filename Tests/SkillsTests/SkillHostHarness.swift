import Core
import Foundation
import Logging
import Synchronization
import Testing

@testable import Skills

/// A skill host over a folder of its own, for one test.
final class SkillHostHarness: Sendable {
  let host: SkillHost
  let plugins: URL
  let data: URL
  let store: MemoryStore
  let records = Recorder<CapabilityRecord>()
  let events = Recorder<SkillEvent>()
  private let scans: AsyncStream<Void>

  private init(
    folder: URL, store: MemoryStore, policy: any CapabilityPolicy, runner: String?, trusted: Set<String>,
    signatures: SignatureRequirement, keys: @escaping @Sendable () -> [String: SkillPublicKey],
    log: Recorder<String>?, grants: SkillGrants?, services adjustServices: (inout CapabilityServices) -> Void,
    _ adjust: (inout SkillLimits) -> Void
  ) throws {
    data = folder
    plugins = folder.appending(path: "Plugins")
    try FileManager.default.createDirectory(at: plugins, withIntermediateDirectories: true)
    self.store = store
    var limits = SkillLimits()
    // Tests share a busy machine.
    limits.start = .seconds(20)
    adjust(&limits)
    let (scans, scanned) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    self.scans = scans
    let configuration = SkillHostConfiguration(
      plugins: plugins.path, data: folder.path, runner: runner ?? SkillFixtures.runner, trustedBuilds: trusted,
      requireSignature: signatures, trustedKeys: keys, limits: limits)
    var logger = Logger(label: "skills")
    logger.logLevel = .critical
    if let log { logger = Logger(label: "skills") { _ in RecordingLogHandler(lines: log) } }
    var services = CapabilityServices(store: store, policy: policy)
    services.observe = { [records] in records.add($0) }
    adjustServices(&services)
    var fixedGrants: (@Sendable (String) -> SkillGrants)?
    if let grants { fixedGrants = { _ in grants } }
    host = SkillHost(
      configuration, services: services, logger: logger, grants: fixedGrants,
      onEvent: { [events] in events.add($0) }, onScan: { scanned.yield() })
  }

  /// Runs `body` beside a running host that has looked at `skills` once. `prepare` gets the plug-in folder before that.
  static func run(
    _ skills: [URL], store: MemoryStore = MemoryStore(), policy: any CapabilityPolicy = OpenPolicy(), runner: String? = nil,
    trusted: Set<String> = [], signatures: SignatureRequirement = .never,
    keys: @escaping @Sendable () -> [String: SkillPublicKey] = { [:] }, log: Recorder<String>? = nil,
    prepare: (URL) throws -> Void = { _ in }, limits: (inout SkillLimits) -> Void = { _ in },
    decisions: SkillDecisions = SkillDecisions(), brokenDecisions: Bool = false, grants: SkillGrants? = nil,
    services: (inout CapabilityServices) -> Void = { _ in },
    _ body: @Sendable (SkillHostHarness) async throws -> Void
  ) async throws {
    let folder = try SkillFixtures.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let harness = try SkillHostHarness(
      folder: folder, store: store, policy: policy, runner: runner, trusted: trusted, signatures: signatures, keys: keys,
      log: log, grants: grants, services: services, limits)
    try prepare(harness.plugins)
    for skill in skills { try harness.copy(skill) }
    let file = SkillDecisionsFile(data: folder.path)
    try file.change { $0 = decisions }
    if brokenDecisions {
      try FileManager.default.createDirectory(at: folder.appending(path: "skills"), withIntermediateDirectories: true)
      try Data("{".utf8).write(to: URL(filePath: file.path))
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await harness.host.run() }
      await harness.host.waitUntilScanned()
      do {
        try await body(harness)
      } catch {
        group.cancelAll()
        throw error
      }
      group.cancelAll()
    }
  }

  /// Waits until `condition` holds after some look at the folder.
  func until(_ condition: (SkillHost) -> Bool) async {
    if condition(host) { return }
    for await _ in scans where condition(host) { return }
  }

  func status(_ file: String) -> SkillStatus? {
    host.status().first { $0.file == file }
  }

  func copy(_ skill: URL, as name: String? = nil) throws {
    try write(Data(contentsOf: skill), to: name ?? skill.lastPathComponent)
  }

  func write(_ text: String, to name: String) throws {
    try write(Data(text.utf8), to: name)
  }

  /// Writes into the plug-in folder, in place; makes the folder for it when there is none.
  func write(_ data: Data, to name: String) throws {
    let file = plugins.appending(path: name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: file)
  }

  /// Has the host look at its folder.
  func touch() throws {
    try write("", to: "remark.txt")
  }

  /// Puts a file in place as a whole, as `mv` does.
  func move(_ skill: URL, as name: String) throws {
    let draft = plugins.appending(path: ".draft")
    try Data(contentsOf: skill).write(to: draft)
    guard rename(draft.path, plugins.appending(path: name).path) == 0 else { throw CocoaError(.fileWriteUnknown) }
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(at: plugins.appending(path: name))
  }

  /// A call of the tool as it is loaded now.
  func planned(
    _ name: String, _ arguments: JSON = [:], requester: String = "playground:alice", origin: ReplyAddress? = nil
  ) throws -> ToolCall {
    let tool = try #require(host.tool(named: name), "no tool \(name)")
    return ToolCall(
      tool: tool, arguments: arguments, requestID: RequestID(), requester: requester, idempotencyKey: RequestID().description,
      origin: origin)
  }

  func call(_ name: String, _ arguments: JSON = [:]) async throws -> JSON {
    try await host.call(planned(name, arguments))
  }

  /// The error that a call ends with.
  func failure(_ name: String, _ arguments: JSON = [:]) async throws -> ToolError {
    let call = try planned(name, arguments)
    do {
      let result = try await host.call(call)
      Issue.record("\(name) answered \(result.canonical.prefix(100))")
      return ToolError(.internal, "no error")
    } catch {
      return error
    }
  }
}

/// Storage of skills in memory.
final class MemoryStore: SkillKeyValueStore {
  private let values = Mutex<[String: [String: JSON]]>([:])
  private let hasRoom: Bool
  private let hold: Hold?

  /// Keeps writes waiting.
  struct Hold: Sendable {
    let isAsked = Latch()
    let release = Latch()
  }

  init(hasRoom: Bool = true, hold: Hold? = nil) {
    self.hasRoom = hasRoom
    self.hold = hold
  }

  func value(forKey key: String, of skill: String) async throws -> JSON? {
    values.withLock { $0[skill]?[key] }
  }

  func set(_ value: JSON?, forKey key: String, of skill: String) async throws -> Bool {
    if let hold {
      hold.isAsked.open()
      await hold.release.wait()
    }
    guard value == nil || hasRoom else { return false }
    values.withLock { $0[skill, default: [:]][key] = value }
    return true
  }

  func entries(withPrefix prefix: String, limit: Int, of skill: String) async throws -> [(key: String, value: JSON)] {
    values.withLock { values in
      (values[skill] ?? [:]).filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.prefix(limit)
        .map { (key: $0.key, value: $0.value) }
    }
  }
}

struct OpenPolicy: CapabilityPolicy {
  func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool { true }
}

final class Recorder<Value: Sendable>: Sendable {
  private let values = Mutex<[Value]>([])

  func add(_ value: Value) { values.withLock { $0.append(value) } }

  var all: [Value] { values.withLock { $0 } }
}

/// Keeps log lines: the message, and the values of its metadata.
private struct RecordingLogHandler: LogHandler {
  let lines: Recorder<String>
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.trace

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let values = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    lines.add(([event.message.description] + values).joined(separator: " "))
  }
}

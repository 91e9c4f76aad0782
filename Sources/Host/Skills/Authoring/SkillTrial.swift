package import Core
import Foundation
package import Logging
import Synchronization

/// Calls one tool of one library in the very sandbox that the service uses, without a service: for authors and for tests of skills.
///
/// The library passes the same checks as one that is dropped into the plug-in folder. Nobody is asked for approval.
package struct SkillTrial: Sendable {
  /// The library.
  package let file: String
  /// The `openclaw-runner` executable.
  package let runner: String
  /// Where the skill's own lines go.
  package let logger: Logger

  /// A trial of the library `file`.
  package init(file: String, runner: String, logger: Logger) {
    self.file = file
    self.runner = runner
    self.logger = logger
  }

  /// What came of a trial.
  package struct Outcome: Sendable {
    package let result: Result<JSON, ToolError>
    /// What the skill has stored when the call is over.
    package let values: [String: JSON]
  }

  /// Makes one call. `values` is what the skill has stored before it.
  ///
  /// Throws when the library would be refused (`refused` is the reason), or has no tool of that name.
  package func call(_ tool: String, _ arguments: JSON, values: [String: JSON] = [:]) async throws(Refusal) -> Outcome {
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-trial-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try place(in: folder)
    var limits = SkillLimits()
    limits.start = .seconds(10)
    let store = TrialStore(values)
    let host = SkillHost(
      SkillHostConfiguration(
        plugins: folder.appending(path: "Plugins").path, data: folder.path, runner: runner, limits: limits),
      services: CapabilityServices(store: store, policy: TrialPolicy()), logger: logger, grants: { _ in .everything })
    let result = await withTaskGroup(of: Void.self) { group in
      group.addTask { try? await host.run() }
      await host.waitUntilScanned()
      let result = await Self.call(tool, arguments, host)
      group.cancelAll()
      return result
    }
    return Outcome(result: try result.get(), values: store.all)
  }

  /// Why there was no call.
  package enum Refusal: Error, Sendable, Equatable {
    /// The file cannot be read, or nothing can be written beside it.
    case unreadable(String)
    /// A service would not serve it.
    case refused(String)
    /// It has no such tool; those it has.
    case unknownTool([String])
  }

  private func place(in folder: URL) throws(Refusal) {
    do {
      let plugins = folder.appending(path: "Plugins")
      try FileManager.default.createDirectory(at: plugins, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: URL(filePath: file).resolvingSymlinksInPath(), to: plugins.appending(path: "skill.so"))
    } catch {
      throw .unreadable("cannot read \(file)")
    }
  }

  private static func call(
    _ name: String, _ arguments: JSON, _ host: SkillHost
  ) async -> Result<Result<JSON, ToolError>, Refusal> {
    guard let tool = host.tool(named: name) else {
      let status = host.status().first
      guard status?.state == .loaded else { return .failure(.refused(status?.detail ?? "it is not a skill")) }
      return .failure(.unknownTool(host.tools.map(\.name)))
    }
    let id = RequestID()
    let call = ToolCall(
      tool: tool, arguments: arguments, requestID: id, requester: "playground:author", idempotencyKey: id.description)
    do throws(ToolError) {
      return .success(.success(try await host.call(call)))
    } catch {
      return .success(.failure(error))
    }
  }
}

/// What a skill can reach in a trial: everything that its manifest asks for and that stays on this machine.
private struct TrialPolicy: CapabilityPolicy {
  func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool {
    capability.hasPrefix("kv.") || ["clock", "log"].contains(capability)
  }
}

/// Keyed storage that lasts for one trial.
private final class TrialStore: SkillKeyValueStore {
  private let values: Mutex<[String: JSON]>

  init(_ values: [String: JSON]) {
    self.values = Mutex(values)
  }

  var all: [String: JSON] { values.withLock { $0 } }

  func value(forKey key: String, of skill: String) async throws -> JSON? { values.withLock { $0[key] } }

  func set(_ value: JSON?, forKey key: String, of skill: String) async throws -> Bool {
    values.withLock { values in
      guard value == nil || values.count < 10_000 else { return false }
      values[key] = value
      return true
    }
  }

  func entries(withPrefix prefix: String, limit: Int, of skill: String) async throws -> [(key: String, value: JSON)] {
    values.withLock { values in
      values.filter { $0.key.hasPrefix(prefix) }.sorted { $0.key < $1.key }.prefix(limit).map { (key: $0.key, value: $0.value) }
    }
  }
}

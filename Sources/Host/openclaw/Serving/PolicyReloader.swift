import Agent
import Audit
import Core
import Crypto
import Foundation
import Logging
import Operations
import Policy
import ServiceLifecycle
import Storage
import Watching

/// Takes changed rules into force without a restart, and those that the operator went back to. Broken rules change nothing: the last
/// good ones stay, at a start those that the store has kept.
struct PolicyReloader: Service {
  static let healthPart = "policy"

  let engine: PolicyEngine
  let folder: String
  let store: Store
  let audit: AuditTrail
  let health: Health
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
      await withDiscardingTaskGroup { group in
        group.addTask {
          for await _ in DirectoryWatcher(folder, includingFolders: true, logger: logger) { tick.yield() }
        }
        group.addTask { await watchPin { tick.yield() } }
        for await _ in ticks { await reload() }
      }
    }
  }

  /// Looks at what the operator wants and at the files, once. The first call decides between normal service and lockdown.
  func reload() async {
    if await !followPin() { await followFiles() }
    await followShadow()
  }

  // MARK: Files

  private func followFiles() async {
    let before = engine.snapshot?.id
    let lastProblem = engine.lastError.map { "\($0)" }
    do {
      let (snapshot, files) = try await Self.offPool { [folder] in
        let files = try PolicyFiles(directory: folder)
        return (try PolicySnapshot.load(files, digest: Self.digest), files)
      }
      engine.take(snapshot)
      health.report(Self.healthPart, .ok)
      guard snapshot.id != before else { return }
      logger.notice("policy loaded", metadata: ["snapshot": "\(snapshot.id)", "rules": "\(snapshot.ruleIDs.count)"])
      await write { [audit] in try PolicyShelf.keep(snapshot, files, in: $0, audit: audit) }
    } catch {
      if let error = error as? PolicyError { engine.refuse(error) }
      let standing = before == nil ? await takeLastGood() : before
      health.report(
        Self.healthPart,
        standing.map { .degraded("the files are unusable, see openclaw policy check; rules \($0.prefix(12)) stay in force") }
          ?? .failing("no usable rules, in lockdown"))
      // The rescans in between find the same broken files: once is enough.
      guard "\(error)" != lastProblem else { return }
      logger.error("policy refused", metadata: ["problems": "\(error)", "in_force": "\(standing ?? "none, in lockdown")"])
      let outcome = standing == nil ? "lockdown" : before == nil ? "last_good" : "kept"
      await write { [audit] in
        try audit.append(AuditRecord(.policyRefused, outcome: outcome, reason: standing), in: $0)
      }
    }
  }

  /// At a start: the latest of the kept rules that this version can load.
  private func takeLastGood() async -> String? {
    do {
      for kept in try await store.read({ try $0.policies() }) {
        guard let snapshot = try await load(kept.id) else { continue }
        // The files remain refused.
        let error = engine.lastError
        engine.take(snapshot)
        if let error { engine.refuse(error) }
        return snapshot.id
      }
    } catch {
      logger.error("the kept rules could not be read", metadata: ["error": "\(error)"])
    }
    return nil
  }

  // MARK: Rollback

  /// - Returns: false when the files count.
  private func followPin() async -> Bool {
    do {
      guard let pin = try await store.read({ try PolicyShelf.pinned(in: $0) }) else { return false }
      if engine.snapshot?.id != pin {
        guard let snapshot = try await load(pin) else {
          logger.error("the rules that were rolled back to cannot be used; the files count", metadata: ["snapshot": "\(pin)"])
          return false
        }
        engine.take(snapshot)
        logger.notice("policy rolled back", metadata: ["snapshot": "\(pin)"])
        await write { [audit] in try audit.append(AuditRecord(.policyLoaded, outcome: "rolled_back", reason: pin), in: $0) }
      }
      health.report(
        Self.healthPart, .degraded("rolled back to rules \(pin.prefix(12)); openclaw policy rollback --undo lets the files count")
      )
      return true
    } catch {
      logger.error("the kept rules could not be read", metadata: ["error": "\(error)"])
      // What is in force stays: it may be what the operator went back to.
      return engine.snapshot != nil
    }
  }

  private func watchPin(_ onChange: () -> Void) async {
    var known: String?
    await StoreFollowing.run {
      // What cannot be read now is read the next time; until then nothing changes.
      guard let pin = try? await store.read({ try PolicyShelf.pinned(in: $0) ?? "" }), pin != known else { return }
      if known != nil || pin != "" { onChange() }
      known = pin
    }
  }

  /// Kept rules; nil when there are none of that name, or this version cannot load them.
  private func load(_ id: String) async throws -> PolicySnapshot? {
    guard let kept = try await store.read({ try $0.policy(id) }) else { return nil }
    return try await Self.offPool {
      try? PolicySnapshot.load(PolicyFiles(stored: kept.files, place: "kept"), digest: Self.digest)
    }
  }

  // MARK: Shadow

  private func followShadow() async {
    let before = engine.shadow
    do {
      let snapshot = try await Self.offPool { [folder] in
        try PolicyFiles(shadowOf: folder).map { try PolicySnapshot.load($0, digest: Self.digest) }
      }
      engine.setShadow(snapshot)
      guard snapshot?.id != before.snapshot?.id || before.error != nil else { return }
      logger.notice("shadow policy", metadata: ["snapshot": "\(snapshot?.id ?? "none")"])
    } catch {
      engine.setShadow(nil, error: error as? PolicyError)
      if error as? PolicyError != before.error { logger.error("shadow policy refused", metadata: ["problems": "\(error)"]) }
    }
  }

  // MARK: Doing it

  private func write(_ body: @escaping @Sendable (Transaction) throws -> Void) async {
    do {
      try await store.write(body)
    } catch {
      logger.error("an audit record could not be written", metadata: ["error": "\(error)"])
    }
  }

  @Sendable static func digest(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).hexadecimal
  }

  /// Reading and compiling rules blocks: on a thread of its own.
  private static func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Result(catching: body)) }
      thread.name = "policy-reload"
      thread.start()
    }
  }
}

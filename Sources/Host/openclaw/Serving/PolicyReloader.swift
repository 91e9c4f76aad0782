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

/// Takes changed rules into force without a restart. Broken rules change nothing: the last good ones stay.
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
      for await _ in DirectoryWatcher(folder, logger: logger) { await reload() }
    }
  }

  /// Reads the folder once. The first call decides between normal service and lockdown.
  func reload() async {
    let before = engine.snapshot?.id
    let lastProblem = engine.lastError.map { "\($0)" }
    do {
      // Reading and compiling rules blocks: on a thread of its own.
      let snapshot = try await Self.offPool { [engine, folder] in
        try engine.reload(from: folder, digest: Self.digest)
      }
      health.report(Self.healthPart, .ok)
      guard snapshot.id != before else { return }
      logger.notice("policy loaded", metadata: ["snapshot": "\(snapshot.id)", "rules": "\(snapshot.ruleIDs.count)"])
      await witness(AuditRecord(.policyLoaded, outcome: "loaded", reason: snapshot.id))
    } catch {
      health.report(
        Self.healthPart,
        .failing(before == nil ? "no usable rules, in lockdown" : "changed rules are unusable, the last good stay"))
      // The rescans in between find the same broken files: once is enough.
      guard "\(error)" != lastProblem else { return }
      logger.error("policy refused", metadata: ["problems": "\(error)"])
      await witness(AuditRecord(.policyRefused, outcome: before == nil ? "lockdown" : "kept", reason: before))
    }
  }

  private func witness(_ record: AuditRecord) async {
    do {
      try await store.write { [audit] in try audit.append(record, in: $0) }
    } catch {
      logger.error("an audit record could not be written", metadata: ["error": "\(error)"])
    }
  }

  @Sendable private static func digest(_ bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).hexadecimal
  }

  private static func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let thread = Thread { continuation.resume(with: Result(catching: body)) }
      thread.name = "policy-reload"
      thread.start()
    }
  }
}

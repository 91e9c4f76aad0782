import Core
import Foundation
import Logging
@testable import Storage
import Synchronization
import TestSupport

@testable import Audit

/// A log in a store of its own, on a clock that the test turns.
final class Ledger {
  let temporary: TemporaryStore
  let trail = AuditTrail(key: Data(repeating: 7, count: 32))
  let signer: CheckpointSigner
  let keeper: AuditKeeper
  private let time: TurnedClock

  var store: Store { temporary.store }

  init(on kind: StoreKind = .sqlite) throws {
    let time = TurnedClock()
    self.time = time
    temporary = try TemporaryStore(on: kind, clock: WallClock { time.now })
    signer = try CheckpointSigner(seed: Data(repeating: 3, count: 32))
    keeper = Self.keeper(temporary.store, trail, signer)
  }

  /// As another run of the service would have it.
  static func keeper(_ store: Store, _ trail: AuditTrail, _ signer: CheckpointSigner) -> AuditKeeper {
    AuditKeeper(
      store: store, audit: trail, signer: signer, retention: .seconds(400 * 86_400),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  func advance(_ duration: Duration) { time.advance(duration) }

  func append(_ count: Int, by actor: String = "playground:alice") async throws {
    let trail = trail
    try await store.write { transaction in
      for index in 0..<count {
        try trail.append(
          AuditRecord(
            .callDecided, requestID: RequestID(), actor: actor,
            scene: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")),
            arguments: ["secret": .string("value \(index)")], outcome: "allow", rules: ["member-read"]),
          in: transaction)
      }
    }
  }

  /// Records that are signed, records that were deleted under two manifests, and records that are not signed yet.
  func lived() async throws {
    for _ in 0..<2 {
      try await append(11)
      try await keeper.sign()
      advance(.seconds(401 * 86_400))
      try await append(6)
      try await keeper.sign()
      try await keeper.prune()
    }
    try await append(5)
    try await keeper.sign()
    try await append(2)
  }

  func verify() async throws -> AuditVerifier.Report {
    try await AuditVerifier.verify(store, with: signer.verifier)
  }

  func size() async throws -> Int64 { try await store.read { try $0.lastAuditHash()?.sequence ?? 0 } }

  /// Does what somebody can do who may write into the database, and says what a verification finds then. Nothing of it stays.
  func defect(
    after change: @escaping @Sendable (Transaction) throws -> Void, with verifier: CheckpointVerifier? = nil
  ) async throws -> AuditVerifier.Defect? {
    let verifier = verifier ?? signer.verifier
    do {
      return try await store.write { transaction -> AuditVerifier.Defect? in
        for (trigger, table) in transaction.auditTriggers {
          try transaction.run("DROP TRIGGER \(trigger)\(transaction.isPostgres ? " ON \(table)" : "")", [])
        }
        try change(transaction)
        throw Undone(defect: try AuditVerifier.verify(in: transaction, with: verifier).defect)
      }
    } catch let undone as Undone {
      return undone.defect
    }
  }

  private struct Undone: Error {
    let defect: AuditVerifier.Defect?
  }
}

final class TurnedClock: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_800_000_000))
  var now: Timestamp { time.withLock { $0 } }
  func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}

extension Transaction {
  var isPostgres: Bool { !(connection is SQLiteConnection) }

  fileprivate var auditTriggers: [(name: String, table: String)] {
    let shared = [("audit_head_delete", "audit_head"), ("audit_checkpoint_delete", "audit_checkpoint")]
    let engine =
      isPostgres
      ? [
        ("audit_head_change", "audit_head"), ("audit_checkpoint_change", "audit_checkpoint"),
        ("audit_manifest_change", "audit_manifest"),
      ]
      : [
        ("audit_head_update", "audit_head"), ("audit_checkpoint_update", "audit_checkpoint"),
        ("audit_manifest_update", "audit_manifest"), ("audit_manifest_delete", "audit_manifest"),
      ]
    return shared + engine
  }
}

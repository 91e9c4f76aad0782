import Core
import Foundation
package import Logging
import ServiceLifecycle
package import Storage
import Synchronization

/// Signs checkpoints of the log, and deletes its oldest records under a manifest.
package final class AuditKeeper: Service {
  /// A checkpoint is due after so many records, or that long after the first that has none.
  static let mostUnsigned: Int64 = 1_000
  static let longestUnsigned = Duration.seconds(600)
  /// Whole days: a manifest for every few records would be longer than what it stands for.
  private static let prunes = Duration.seconds(86_400)
  private static let look = Duration.seconds(1)
  private static let batch = 2_000
  /// Records that one step deletes: every other writer waits for it.
  private static let step = 200

  private struct State: Sendable {
    var tree = CompactRange()
    /// When the store was looked at and there was nothing unsigned, or it was signed.
    var signedAt: Timestamp?
    var pruning = Recurrence(every: AuditKeeper.prunes)
  }

  private let store: Store
  private let audit: AuditTrail
  private let signer: CheckpointSigner
  private let retention: Duration
  private let logger: Logger
  private let state = Mutex(State())

  /// - Parameter retention: how long records are kept; their bodies may go before.
  package init(store: Store, audit: AuditTrail, signer: CheckpointSigner, retention: Duration, logger: Logger) {
    self.store = store
    self.audit = audit
    self.signer = signer
    self.retention = retention
    self.logger = logger
  }

  /// Works until graceful shutdown. The last checkpoint is the caller's to ask for, with `sign`, after the last record.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          try await self.signWhenDue()
          if self.state.withLock({ $0.pruning.isDue(at: self.store.clock.now()) }) { try await self.prune() }
        } catch {
          self.logger.error("the audit log could not be sealed", metadata: ["error": "\(error)"])
          await self.store.pauseAfterFailure()
        }
        // Cancelled: the loop ends.
        try? await Task.sleep(for: Self.look)
      }
    }
  }

  // MARK: Checkpoints

  func signWhenDue() async throws {
    let (last, signed) = try await store.read { transaction in
      (try transaction.lastAuditHash()?.sequence ?? 0, try transaction.signedSize())
    }
    let now = store.clock.now()
    guard last > signed else { return state.withLock { $0.signedAt = now } }
    let signedAt = state.withLock(\.signedAt)
    guard last - signed >= Self.mostUnsigned || signedAt.map({ now.since($0) >= Self.longestUnsigned }) ?? true else { return }
    try await sign()
  }

  /// Signs all records that there are, unless they are signed already.
  package func sign() async throws {
    var tree = state.withLock(\.tree)
    if tree.size == 0 { tree = try await restored() }
    while true {
      let after = tree.size
      let hashes = try await store.read { try $0.auditHashes(after: after, limit: Self.batch) }
      for (sequence, hash) in hashes {
        guard sequence == tree.size + 1 else { throw AuditError("record \(tree.size + 1) is missing; openclaw audit verify") }
        tree.append(hash)
      }
      if hashes.count < Self.batch { break }
    }
    let signed = tree
    if try await store.read({ try $0.signedSize() }) < signed.size {
      let row = CheckpointRow(size: signed.size, note: try signer.sign(signed), nodes: signed.bytes)
      try await store.write { [signer] transaction in
        guard try transaction.adopt(signer.verifier) == signer.verifier else {
          throw AuditError("the log is signed by another key; restore data/keys/checkpoint")
        }
        try transaction.keep(row)
      }
    }
    let now = store.clock.now()
    state.withLock { state in
      if state.tree.size < signed.size { state.tree = signed }
      state.signedAt = now
    }
  }

  /// The tree as it was signed last.
  private func restored() async throws -> CompactRange {
    guard let last = try await store.read({ try $0.lastCheckpoint() }) else { return CompactRange() }
    guard let checkpoint = signer.verifier.checkpoint(in: last.note),
      let tree = CompactRange(size: last.size, bytes: last.nodes), tree.root == checkpoint.root, checkpoint.size == last.size
    else {
      throw AuditError("the last checkpoint is not one of this key: restore data/keys/checkpoint, and see openclaw audit verify")
    }
    return tree
  }

  // MARK: Retention

  /// Deletes what is older than it is kept, as far as it was signed: the manifest first, then step by step what it stands for.
  func prune() async throws {
    try await deleteSealed()
    guard let cut = try await store.read({ try self.cut(in: $0) }) else { return }
    let manifest = try await store.write { [audit] transaction in
      let before = try transaction.auditManifests().last
      let manifest = AuditManifest(
        first: (before?.last ?? 0) + 1, last: cut.size, leaf: cut.leaf, tree: cut.tree, checkpoint: cut.note,
        previous: before.map { AuditManifest.digest(of: $0.text) }, at: transaction.now, reason: "age")
      try transaction.keepManifest(manifest.json.canonical, last: manifest.last)
      try audit.append(AuditRecord(.recordsPruned, arguments: manifest.json, outcome: "\(manifest.last)"), in: transaction)
      return manifest
    }
    logger.notice("audit records were pruned", metadata: ["first": "\(manifest.first)", "last": "\(manifest.last)"])
    try await deleteSealed()
  }

  private func deleteSealed() async throws {
    while try await store.write({ try $0.deleteSealedHeads(limit: Self.step) }) {}
  }

  private struct Cut: Sendable {
    let size: Int64
    let note: String
    let leaf: Data
    let tree: CompactRange
  }

  /// The last checkpoint all of whose records are old enough.
  private func cut(in transaction: Transaction) throws -> Cut? {
    let limit = transaction.now.advanced(by: .zero - retention)
    var checkpoints = StoredCheckpoints(transaction, after: try transaction.auditManifests().last?.last ?? 0)
    var cut: Cut?
    while let checkpoint = try checkpoints.next(upTo: .max) {
      guard let row = try transaction.auditRows(after: checkpoint.size - 1, limit: 1).first, row.sequence == checkpoint.size,
        let time = try JSON(parsing: row.head)["ts"]?.integer, time < limit.milliseconds,
        let tree = CompactRange(size: checkpoint.size, bytes: checkpoint.nodes)
      else { break }
      cut = Cut(size: checkpoint.size, note: checkpoint.note, leaf: row.hash, tree: tree)
    }
    return cut
  }
}

extension Transaction {
  /// How many records are signed.
  fileprivate func signedSize() throws -> Int64 { try lastCheckpoint()?.size ?? 0 }
}

/// Why the log could not be looked after, or asked.
package struct AuditError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }
}

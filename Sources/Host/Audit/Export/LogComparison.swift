import Foundation
package import Storage

/// Whether a later state of a log only adds to an earlier one.
package enum LogComparison {
  package enum Result: Sendable, Equatable {
    /// The later has the earlier as its beginning.
    case continued(from: Int64, to: Int64)
    /// The later is shorter: records are gone, or the two were given in the wrong order.
    case shorter(from: Int64, to: Int64)
    /// The first `size` records are not the same.
    case forked(size: Int64)
    /// What a file says of itself does not hold.
    case broken(file: String, AuditVerifier.Defect)
  }

  private struct State {
    let size: Int64
    let root: Data
  }

  /// Compares two files, each an export or a checkpoint. Where the newer one is a checkpoint, the records come from the store.
  ///
  /// - Parameter verifier: the key to trust; nil = those that the files, or the store, name.
  /// - Throws: `AuditError` when one cannot be read, or there are no records to compare by.
  package static func compare(
    _ old: String, with new: String, store: Store?, verifier: CheckpointVerifier?
  ) async throws -> Result {
    let before: State
    switch try AuditFile.read(old, with: verifier) {
    case .proof: throw AuditError("\(old) is the proof of one record; give an export or a checkpoint")
    case .export(let check, _):
      if let defect = check.report.defect { return .broken(file: old, defect) }
      before = State(size: check.tree.size, root: check.tree.root)
    case .checkpoint(let checkpoint, let note):
      guard try await isSigned(note, checkpoint, store: store, verifier: verifier) else {
        return .broken(file: old, unsigned(checkpoint))
      }
      before = State(size: checkpoint.size, root: checkpoint.root)
    }
    switch try AuditFile.read(new, with: verifier, noting: [before.size]) {
    case .proof: throw AuditError("\(new) is the proof of one record; give an export or a checkpoint")
    case .export(let check, _):
      if let defect = check.report.defect { return .broken(file: new, defect) }
      return try judge(before, by: check, to: check.tree.size, named: new)
    case .checkpoint(let checkpoint, let note):
      guard try await isSigned(note, checkpoint, store: store, verifier: verifier) else {
        return .broken(file: new, unsigned(checkpoint))
      }
      guard checkpoint.size >= before.size else { return .shorter(from: before.size, to: checkpoint.size) }
      guard let store else { throw AuditError("two checkpoints can be compared where the store is only") }
      let check = try await store.read {
        try AuditVerifier.check($0, with: verifier, noting: [before.size, checkpoint.size])
      }
      if let defect = check.report.defect { return .broken(file: "the store", defect) }
      guard check.tree.size >= checkpoint.size, check.roots[checkpoint.size] == checkpoint.root else {
        return .forked(size: checkpoint.size)
      }
      return try judge(before, by: check, to: checkpoint.size, named: "the store")
    }
  }

  private static func judge(_ before: State, by check: ChainCheck, to size: Int64, named name: String) throws -> Result {
    guard size >= before.size else { return .shorter(from: before.size, to: size) }
    guard let root = check.roots[before.size] else {
      throw AuditError("\(name) begins with record \(check.report.first), too late to be compared with \(before.size) records")
    }
    return root == before.root ? .continued(from: before.size, to: size) : .forked(size: before.size)
  }

  private static func isSigned(
    _ note: String, _ checkpoint: Checkpoint, store: Store?, verifier: CheckpointVerifier?
  ) async throws -> Bool {
    let key: CheckpointVerifier?
    if let verifier { key = verifier } else { key = try await store?.read { try $0.checkpointVerifier() } ?? nil }
    guard let key else { throw AuditError("there is no key to check the checkpoint with; give one with --key") }
    return key.checkpoint(in: note) == checkpoint
  }

  private static func unsigned(_ checkpoint: Checkpoint) -> AuditVerifier.Defect {
    AuditVerifier.Defect(sequence: checkpoint.size, reason: "the checkpoint is not signed by the key of this log")
  }
}

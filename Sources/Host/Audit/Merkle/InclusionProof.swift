package import Core
import Foundation
package import Storage

/// Shows that one record is among those that a checkpoint vouches for, to somebody who has none of the others.
package struct InclusionProof: Sendable {
  /// The record's head.
  let head: JSON
  let sequence: Int64
  let size: Int64
  let path: [Data]
  /// The signed note.
  let checkpoint: String
  package let verifier: CheckpointVerifier

  /// For a file: one object.
  package var json: JSON {
    [
      "type": "proof", "v": 1, "seq": .integer(sequence), "size": .integer(size), "head": head,
      "path": .array(path.map { .string($0.hexadecimal) }), "checkpoint": .string(checkpoint),
      "key": .string(verifier.description),
    ]
  }

  /// Proves a record of the store by the last checkpoint.
  ///
  /// - Throws: `AuditError` when the record is not there, or not signed yet.
  package init(of sequence: Int64, in transaction: Transaction) throws {
    guard let row = try transaction.auditRows(after: sequence - 1, limit: 1).first, row.sequence == sequence else {
      throw AuditError("there is no record \(sequence)")
    }
    guard let last = try transaction.lastCheckpoint(), last.size >= sequence else {
      throw AuditError("record \(sequence) is not signed yet; that is done every ten minutes, and when the service stops")
    }
    guard let verifier = try transaction.checkpointVerifier() else {
      throw AuditError("the store names no key for its checkpoints")
    }
    head = try JSON(parsing: row.head)
    self.sequence = sequence
    size = last.size
    checkpoint = last.note
    self.verifier = verifier
    let sealed = try transaction.sealedTree()
    path = try InclusionPath.siblings(of: sequence - 1, in: last.size).map { range in
      try transaction.root(of: range, sealed: sealed)
    }
  }

  /// Reads a proof; nil when it is none.
  init?(_ json: JSON) {
    guard json["type"] == "proof", json["v"] == 1, let sequence = json["seq"]?.integer, let size = json["size"]?.integer,
      let head = json["head"], let path = json["path"]?.array?.map({ $0.string.flatMap(Data.init(hexadecimal:)) }),
      !path.contains(nil), let checkpoint = json["checkpoint"]?.string,
      let verifier = json["key"]?.string.flatMap({ CheckpointVerifier($0) })
    else { return nil }
    self.head = head
    self.sequence = sequence
    self.size = size
    self.path = path.compactMap(\.self)
    self.checkpoint = checkpoint
    self.verifier = verifier
    guard self.json == json else { return nil }
  }

  /// Why it proves nothing; nil when it does.
  ///
  /// - Parameter verifier: the key to trust in place of the one that the proof names.
  func defect(with verifier: CheckpointVerifier?) -> String? {
    guard let signed = (verifier ?? self.verifier).checkpoint(in: checkpoint), signed.size == size else {
      return "the checkpoint is not signed by the key of this log"
    }
    guard head["seq"]?.integer == sequence, sequence >= 1 else { return "the head carries another sequence number" }
    let root = InclusionPath.root(of: AuditTrail.hash(ofHead: head.canonical), at: sequence - 1, in: size, along: path)
    return root == signed.root ? nil : "the record is not among those that were signed"
  }
}

extension Transaction {
  private static var batch: Int { 2_000 }

  /// The tree over the records that were deleted.
  func sealedTree() throws -> CompactRange {
    guard let last = try auditManifests().last else { return CompactRange() }
    guard let manifest = AuditManifest(try JSON(parsing: last.text)) else {
      throw AuditError("the last manifest is not readable; openclaw audit verify")
    }
    return manifest.tree
  }

  /// The root of the tree over these leaves alone, counted from 0.
  func root(of leaves: Range<Int64>, sealed: CompactRange) throws -> Data {
    try tree(over: leaves, sealed: sealed).root
  }

  /// The tree over these leaves alone, counted from 0. Leaves that were deleted must be whole nodes of `sealed`.
  func tree(over leaves: Range<Int64>, sealed: CompactRange) throws -> CompactRange {
    var tree = CompactRange()
    var next = leaves.lowerBound
    if leaves.lowerBound < sealed.size {
      guard let part = sealed.nodes(from: leaves.lowerBound, to: leaves.upperBound) else {
        throw AuditError("that reaches into records that were deleted")
      }
      (tree, next) = part
    }
    while next < leaves.upperBound {
      let hashes = try auditHashes(after: next, limit: Int(min(Int64(Self.batch), leaves.upperBound - next)))
      for (sequence, hash) in hashes {
        guard sequence == next + 1 else { throw AuditError("record \(next + 1) is missing; openclaw audit verify") }
        tree.append(hash)
        next += 1
      }
      if hashes.isEmpty { throw AuditError("record \(next + 1) is missing; openclaw audit verify") }
    }
    return tree
  }
}

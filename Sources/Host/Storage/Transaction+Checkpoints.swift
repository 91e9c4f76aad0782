package import Foundation

/// One stored checkpoint of the audit log.
package struct CheckpointRow: Sendable, Equatable {
  /// How many records it covers.
  package let size: Int64
  /// The signed note.
  package let note: String
  /// The nodes of the tree over those records, one after the other.
  package let nodes: Data

  package init(size: Int64, note: String, nodes: Data) {
    self.size = size
    self.note = note
    self.nodes = nodes
  }
}

extension Transaction {
  // MARK: Checkpoints

  package func lastCheckpoint() throws -> CheckpointRow? {
    try row("SELECT size, note, nodes FROM audit_checkpoint ORDER BY size DESC LIMIT 1", []).map(checkpoint)
  }

  /// Up to `limit` checkpoints of more than `size` records, in order.
  package func checkpoints(after size: Int64, limit: Int) throws -> [CheckpointRow] {
    try rows("SELECT size, note, nodes FROM audit_checkpoint WHERE size > ? ORDER BY size LIMIT ?", [size, limit]).map(checkpoint)
  }

  /// Keeps a checkpoint unless there is one of as many records already.
  package func keep(_ checkpoint: CheckpointRow) throws {
    guard try lastCheckpoint()?.size ?? 0 < checkpoint.size else { return }
    try run(
      "INSERT INTO audit_checkpoint (size, note, nodes) VALUES (?, ?, ?)",
      [checkpoint.size, checkpoint.note, checkpoint.nodes])
  }

  private func checkpoint(_ row: SQLRow) throws -> CheckpointRow {
    CheckpointRow(size: try row["size"], note: try row["note"], nodes: try row["nodes"])
  }

  /// The hashes of up to `limit` heads after `sequence`, in order.
  package func auditHashes(after sequence: Int64, limit: Int) throws -> [(sequence: Int64, hash: Data)] {
    try rows("SELECT seq, hash FROM audit_head WHERE seq > ? ORDER BY seq LIMIT ?", [sequence, limit])
      .map { (try $0["seq"], try $0["hash"]) }
  }

  // MARK: Manifests

  /// The manifests of what was deleted, oldest first, each with the last record that it speaks of.
  package func auditManifests() throws -> [(last: Int64, text: String)] {
    try rows("SELECT last, manifest FROM audit_manifest ORDER BY last", []).map { (try $0["last"], try $0["manifest"]) }
  }

  /// From now on the heads up to `last` may be deleted.
  package func keepManifest(_ text: String, last: Int64) throws {
    try run("INSERT INTO audit_manifest (last, manifest) VALUES (?, ?)", [last, text])
  }

  /// Deletes up to `limit` of the heads that the last manifest speaks of, with their bodies, and then the checkpoints before its own.
  ///
  /// - Returns: whether there may be more.
  package func deleteSealedHeads(limit: Int) throws -> Bool {
    guard let last: Int64 = try row("SELECT MAX(last) AS last FROM audit_manifest", [])?["last"] else { return false }
    let end: Int64? = try row(
      "SELECT MAX(seq) AS last FROM (SELECT seq FROM audit_head WHERE seq <= ? ORDER BY seq LIMIT ?) AS step", [last, limit])?[
        "last"]
    guard let end else {
      try run("DELETE FROM audit_checkpoint WHERE size < ?", [last])
      return false
    }
    try run("DELETE FROM audit_body WHERE seq <= ?", [end])
    try run("DELETE FROM audit_head WHERE seq <= ?", [end])
    return true
  }
}

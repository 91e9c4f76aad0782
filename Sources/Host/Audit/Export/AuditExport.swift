import Core
import Foundation
package import Storage

/// A part of the log, or all of it, as lines of JSON that can be verified without the store.
///
/// The first line says whose log it is and where it begins; manifests of deleted records come next, then heads in order, each
/// checkpoint behind the last head that it covers.
package enum AuditExport {
  private static let batch = 500

  /// What was written.
  package struct Summary: Sendable, Equatable {
    package var records: Int64 = 0
    package var bodies: Int64 = 0
    /// The last record that a checkpoint in the file vouches for; 0 = none does.
    package var signed: Int64 = 0
  }

  /// - Parameters:
  ///   - from: the first record; nil = the first that there is.
  ///   - to: the last record; nil = the last that there is.
  ///   - withBodies: whether identities, chats and arguments go with the heads.
  ///   - write: takes one line, without its end.
  package static func write(
    _ transaction: Transaction, from: Int64?, to: Int64?, withBodies: Bool, _ write: (String) throws -> Void
  ) throws -> Summary {
    let sealed = try transaction.sealedTree()
    let start = from ?? sealed.size + 1
    guard start > sealed.size else { throw AuditError("the records up to \(sealed.size) were deleted; begin behind them") }
    let end = try to ?? transaction.lastAuditHash()?.sequence ?? 0
    guard end >= start - 1 else { throw AuditError("there is no record from \(start) to \(end)") }
    let before = try transaction.tree(over: 0..<start - 1, sealed: sealed)
    let isWhole = start == sealed.size + 1
    var first: [String: JSON] = ["type": "log", "v": 1, "first": .integer(start)]
    first["key"] = try transaction.checkpointVerifier().map { .string($0.description) }
    if !isWhole {
      let leaf = try transaction.auditHashes(after: start - 2, limit: 1).first?.hash ?? AuditTrail.origin
      first["prev"] = .string(leaf.hexadecimal)
      first["range"] = .array(before.nodes.map { .string($0.hexadecimal) })
    }
    try write(JSON.object(first).canonical)
    if isWhole {
      for manifest in try transaction.auditManifests() {
        try write(JSON.object(["type": "manifest", "manifest": try JSON(parsing: manifest.text)]).canonical)
      }
    }
    return try writeRecords(transaction, from: start, to: end, withBodies: withBodies, write)
  }

  private static func writeRecords(
    _ transaction: Transaction, from start: Int64, to end: Int64, withBodies: Bool, _ write: (String) throws -> Void
  ) throws -> Summary {
    var summary = Summary()
    var checkpoints = StoredCheckpoints(transaction, after: start - 1)
    var last = start - 1
    while last < end {
      let rows = try transaction.auditRows(after: last, limit: Int(min(Int64(batch), end - last)))
      for row in rows {
        guard row.sequence == last + 1 else { throw AuditError("record \(last + 1) is missing; openclaw audit verify") }
        last = row.sequence
        summary.records += 1
        summary.bodies += withBodies && row.body != nil ? 1 : 0
        try write(try line(row, withBody: withBodies))
        while let checkpoint = try checkpoints.next(upTo: last) {
          summary.signed = checkpoint.size
          try write(JSON.object(["type": "checkpoint", "note": .string(checkpoint.note)]).canonical)
        }
      }
      if rows.isEmpty { throw AuditError("record \(last + 1) is missing; openclaw audit verify") }
    }
    return summary
  }

  private static func line(_ row: AuditRow, withBody: Bool) throws -> String {
    var members: [String: JSON] = [
      "type": "record", "hash": .string(row.hash.hexadecimal), "head": try JSON(parsing: row.head),
    ]
    if withBody, let body = row.body {
      members["salt"] = .string(body.salt.hexadecimal)
      members["body"] = try JSON(parsing: body.text)
    }
    return JSON.object(members).canonical
  }
}

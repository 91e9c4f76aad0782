import Core
import Foundation
package import Storage

/// Recomputes the chain from the stored rows.
package struct AuditVerifier {
  /// What was found.
  package struct Report: Sendable, Equatable {
    package var heads: Int64 = 0
    /// Heads whose body is still there, and matches.
    package var bodies: Int64 = 0
    /// The hash of the last head: keep a copy elsewhere, it vouches for everything before it.
    package var lastHash: String = AuditTrail.origin.hexadecimal
    /// The first defect; nil when the whole chain holds.
    package var defect: Defect?
  }

  package struct Defect: Sendable, Equatable {
    package let sequence: Int64
    package let reason: String
  }

  private static let batch = 1_000

  /// Verifies everything in the store, in batches; stops at the first defect.
  package static func verify(_ store: Store) async throws -> Report {
    var chain = Chain()
    while chain.isUnfinished {
      let after = chain.report.heads
      chain.append(try await store.read { try $0.auditRows(after: after, limit: batch) })
    }
    return chain.report
  }

  /// The same within one transaction.
  package static func verify(in transaction: Transaction) throws -> Report {
    var chain = Chain()
    while chain.isUnfinished { chain.append(try transaction.auditRows(after: chain.report.heads, limit: batch)) }
    return chain.report
  }

  /// What was verified so far.
  private struct Chain {
    var report = Report()
    var isUnfinished = true
    private var previous = AuditTrail.origin

    mutating func append(_ rows: [AuditRow]) {
      isUnfinished = rows.count == batch
      for row in rows {
        if let reason = defect(in: row, after: report.heads, previous: previous) {
          report.defect = Defect(sequence: row.sequence, reason: reason)
          isUnfinished = false
          return
        }
        previous = row.hash
        report.heads += 1
        report.bodies += row.body == nil ? 0 : 1
        report.lastHash = row.hash.hexadecimal
      }
    }
  }

  static func defect(in row: AuditRow, after last: Int64, previous: Data) -> String? {
    guard row.sequence == last + 1 else { return "head \(last + 1) is missing" }
    guard AuditTrail.hash(ofHead: row.head) == row.hash else { return "the head does not match its hash" }
    guard let head = try? JSON(parsing: row.head), head.canonical == row.head else { return "the head is not canonical JSON" }
    guard head["seq"]?.integer == row.sequence else { return "the head carries another sequence number" }
    guard head["prev"]?.string == previous.hexadecimal else { return "the head does not follow from the one before it" }
    if let body = row.body,
      head["body_commit"]?.string != AuditTrail.commitment(salt: body.salt, body: body.text).hexadecimal
    {
      return "the body does not match the head's commitment"
    }
    return nil
  }
}

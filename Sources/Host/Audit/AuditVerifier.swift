import Core
import Foundation
package import Storage

/// Recomputes the chain from the stored rows.
package enum AuditVerifier {
  /// What was found.
  package struct Report: Sendable, Equatable {
    package var heads: Int64 = 0
    /// The sequence number of the first head that is there; those before it were deleted under a manifest, or left out of an export.
    package var first: Int64 = 1
    /// Heads whose body is still there, and matches.
    package var bodies: Int64 = 0
    /// The hash of the last head: keep a copy elsewhere, it vouches for everything before it.
    package var lastHash: String = AuditTrail.origin.hexadecimal
    /// Records up to this one are vouched for by a signed checkpoint; 0 = none is.
    package var signed: Int64 = 0
    /// The last checkpoint: a signed note, as good to keep as the hash.
    package var checkpoint: String?
    /// The first defect; nil when the whole chain holds.
    package var defect: Defect?
  }

  package struct Defect: Sendable, Equatable {
    package let sequence: Int64
    package let reason: String
  }

  private static let batch = 1_000

  /// Verifies everything in the store, as it is at this moment; stops at the first defect.
  ///
  /// - Parameter verifier: the key of this log, from a place that whoever can write the store cannot write; nil = the key that the
  ///   store names, which shows accidents and clumsy changes only.
  package static func verify(_ store: Store, with verifier: CheckpointVerifier? = nil) async throws -> Report {
    try await store.read { try verify(in: $0, with: verifier) }
  }

  /// The same within one transaction.
  package static func verify(in transaction: Transaction, with verifier: CheckpointVerifier? = nil) throws -> Report {
    try check(transaction, with: verifier).report
  }

  /// - Parameter wanted: sizes at which the root is noted.
  static func check(
    _ transaction: Transaction, with verifier: CheckpointVerifier?, noting wanted: Set<Int64> = []
  ) throws -> ChainCheck {
    var check = ChainCheck(verifier: try verifier ?? transaction.checkpointVerifier(), noting: wanted)
    for manifest in try transaction.auditManifests() { check.take(manifest: manifest.text, last: manifest.last) }
    var checkpoints = StoredCheckpoints(transaction)
    while let checkpoint = try checkpoints.next(upTo: check.last) { check.take(checkpoint) }
    var rows: [AuditRow] = []
    repeat {
      rows = try transaction.auditRows(after: check.last, limit: batch)
      for row in rows where !check.isBroken {
        check.take(row)
        while let checkpoint = try checkpoints.next(upTo: check.last) { check.take(checkpoint) }
      }
    } while rows.count == batch && !check.isBroken
    if let checkpoint = try checkpoints.next(upTo: .max) { check.take(checkpoint) }
    check.end()
    return check
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

/// The checkpoints of a store, in order, read in batches.
struct StoredCheckpoints {
  private static let batch = 200

  private let transaction: Transaction
  private var read: ArraySlice<CheckpointRow> = []
  private var last: Int64
  private var isAtEnd = false

  init(_ transaction: Transaction, after size: Int64 = 0) {
    self.transaction = transaction
    last = size
  }

  /// The next one, unless it is of more than `size` records.
  mutating func next(upTo size: Int64) throws -> CheckpointRow? {
    if read.isEmpty, !isAtEnd {
      read = try transaction.checkpoints(after: last, limit: Self.batch)[...]
      isAtEnd = read.count < Self.batch
      last = read.last?.size ?? last
    }
    guard let first = read.first, first.size <= size else { return nil }
    return read.removeFirst()
  }
}

extension Transaction {
  private static var setting: String { "audit.key" }

  /// The key that the store names for its checkpoints.
  func checkpointVerifier() throws -> CheckpointVerifier? {
    try setting(Self.setting).flatMap { CheckpointVerifier($0) }
  }

  /// Names the key of this log for those who have the store alone, unless one is named already.
  ///
  /// - Returns: the key that is named now.
  package func adopt(_ verifier: CheckpointVerifier) throws -> CheckpointVerifier {
    if let known = try checkpointVerifier() { return known }
    try set(verifier.description, forSetting: Self.setting)
    return verifier
  }
}

import Core
import Foundation
import Logging
@testable import Storage
import TestSupport
import Testing

@testable import Audit

@Suite("The keeper of the log", .timeLimit(.minutes(5)))
struct KeeperTests {
  private func sizes(_ ledger: Ledger) async throws -> [Int64] {
    try await ledger.store.read { try $0.checkpoints(after: 0, limit: 100).map(\.size) }
  }

  @Test("signs after a thousand records, or ten minutes after the first that is not signed, and never the same twice")
  func due() async throws {
    let ledger = try Ledger()
    try await ledger.keeper.signWhenDue()
    try await ledger.append(999)
    try await ledger.keeper.signWhenDue()
    #expect(try await sizes(ledger) == [])
    try await ledger.append(1)
    try await ledger.keeper.signWhenDue()
    #expect(try await sizes(ledger) == [1000])
    try await ledger.append(1)
    ledger.advance(.seconds(599))
    try await ledger.keeper.signWhenDue()
    #expect(try await sizes(ledger) == [1000])
    ledger.advance(.seconds(1))
    try await ledger.keeper.signWhenDue()
    try await ledger.keeper.sign()
    #expect(try await sizes(ledger) == [1000, 1001])
    #expect(try await ledger.verify().signed == 1001)
  }

  @Test("goes on after a restart from what was signed last, and signs what a crash left", arguments: StoreKind.tested)
  func restart(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.append(7)
    try await ledger.keeper.sign()
    try await ledger.append(4)
    let next = Ledger.keeper(ledger.store, ledger.trail, ledger.signer)
    try await next.signWhenDue()
    #expect(try await sizes(ledger) == [7, 11])
    #expect(try await ledger.verify().defect == nil)
    // Two instances may sign the same records.
    try await ledger.keeper.sign()
    #expect(try await sizes(ledger) == [7, 11])
  }

  @Test("does not sign with another key what this log's key began")
  func otherKey() async throws {
    let ledger = try Ledger()
    try await ledger.append(3)
    try await ledger.keeper.sign()
    try await ledger.append(1)
    let other = Ledger.keeper(ledger.store, ledger.trail, try CheckpointSigner(seed: Data(repeating: 8, count: 32)))
    await #expect(throws: AuditError.self) { try await other.sign() }
    #expect(try await sizes(ledger) == [3])
  }

  @Test(
    "deletes what is too old, as far as it was signed, and the log verifies from the manifest on", arguments: StoreKind.tested)
  func prunes(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    try await ledger.append(450)
    try await ledger.keeper.sign()
    try await ledger.append(10)
    ledger.advance(.seconds(399 * 86_400))
    try await ledger.keeper.prune()
    #expect(try await ledger.verify().first == 1)
    ledger.advance(.seconds(2 * 86_400))
    try await ledger.keeper.prune()
    var report = try await ledger.verify()
    // Ten old ones were never signed; one more says what was deleted.
    #expect(report.defect == nil && report.first == 451 && report.heads == 11 && report.signed == 450)
    #expect(try await ledger.store.read { try $0.rows("SELECT seq FROM audit_body WHERE seq <= 450", []) }.isEmpty)
    try await ledger.keeper.prune()
    #expect(try await ledger.verify() == report)
    try await ledger.keeper.sign()
    try await ledger.append(1)
    report = try await ledger.verify()
    #expect(report.defect == nil && report.signed == 461)
  }

  @Test("a deletion that was interrupted is a whole log, and is finished the next time")
  func interrupted() async throws {
    let ledger = try Ledger()
    try await ledger.append(9)
    try await ledger.keeper.sign()
    ledger.advance(.seconds(401 * 86_400))
    try await ledger.append(1)
    let heads = try await ledger.store.read { try $0.rows("SELECT seq, head, hash FROM audit_head WHERE seq < 5", []) }
    try await ledger.keeper.prune()
    // As if some were still there.
    try await ledger.store.write { transaction in
      for row in heads {
        try transaction.run("INSERT INTO audit_head (seq, head, hash) VALUES (?, ?, ?)", SQLArguments(row.values))
      }
    }
    #expect(try await ledger.verify().defect == nil)
    try await ledger.keeper.prune()
    #expect(try await ledger.store.read { try $0.auditHashes(after: 0, limit: 1).first?.sequence } == 10)
    #expect(try await ledger.verify().defect == nil)
  }
}

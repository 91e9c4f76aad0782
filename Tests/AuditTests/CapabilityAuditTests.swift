import Core
import Foundation
import Logging
import Storage
import TestSupport
import Testing

@testable import Audit

@Suite("The account of what skills asked for", .timeLimit(.minutes(5)))
struct CapabilityAuditTests {
  private func record(_ outcome: CapabilityRecord.Outcome, _ capability: String = "http.fetch", target: String? = nil)
    -> CapabilityRecord
  {
    CapabilityRecord(
      skill: "org.example", build: "ab", tool: "t", capability: capability, target: target, effect: .read,
      requester: "playground:alice", requestID: RequestID(), outcome: outcome)
  }

  private func account(_ store: Store) -> CapabilityAudit {
    var logger = Logger(label: "audit")
    logger.logLevel = .critical
    return CapabilityAudit(store: store, audit: AuditTrail(key: Data(repeating: 7, count: 32)), logger: logger)
  }

  private func heads(_ store: Store) async throws -> [JSON] {
    try await store.read { try $0.auditRows(after: 0, limit: 1000) }.map { try JSON(parsing: $0.head) }
  }

  @Test("what is about to be done is written at once, what was done with the next batch", arguments: StoreKind.tested)
  func batches(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let account = account(temporary.store)
    try await account.begin(record(.begun, target: "GET https://a.example"))
    #expect(try await heads(temporary.store).count == 1)
    account.note(record(.ok))
    account.note(record(.denied, "kv.put"))
    #expect(try await heads(temporary.store).count == 1)
    #expect(await account.writeBatch())
    #expect(await !account.writeBatch())
    let heads = try await heads(temporary.store)
    #expect(heads.map { $0["kind"]?.string } == ["capability.begun", "capability.ended", "capability.denied"])
    #expect(heads.map { $0["reason"]?.string } == ["http.fetch", "http.fetch", "kv.put"])
    #expect(try await AuditVerifier.verify(temporary.store).defect == nil)
    let bodies = try await temporary.store.read { try $0.auditRows(after: 0, limit: 1) }.compactMap(\.body?.text)
    #expect(bodies.first?.contains("GET https://a.example") == true)
    #expect(!heads.map(\.canonical).joined().contains("a.example"))
  }

  @Test("at the end everything that waits is written", arguments: StoreKind.tested)
  func flushes(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let account = account(temporary.store)
    for _ in 0..<600 { account.note(record(.ok, "kv.get")) }
    let running = Task { try await account.run() }
    running.cancel()
    try await running.value
    #expect(try await heads(temporary.store).count == 600)
  }

  @Test("while nothing can be written a bounded number waits, and the rest is counted", arguments: StoreKind.tested)
  func dropped(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let account = account(temporary.store)
    for _ in 0..<5000 { account.note(record(.ok, "kv.get")) }
    while await account.writeBatch() {}
    let rows = try await temporary.store.read { try $0.auditRows(after: 0, limit: 10_000) }
    let lost = rows.filter { $0.head.contains("capability.dropped") }
    #expect(rows.count == 4096 + 1)
    #expect(lost.first?.body?.text.contains(#""count":904"#) == true)
  }
}

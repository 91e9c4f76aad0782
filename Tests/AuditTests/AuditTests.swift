import Core
import Foundation
@testable import Storage
import TestSupport
import Testing

@testable import Audit

@Suite("The audit chain")
struct AuditTests {
  private let trail = AuditTrail(key: Data(repeating: 7, count: 32))

  private func filled(_ count: Int, on kind: StoreKind = .sqlite) async throws -> TemporaryStore {
    let temporary = try TemporaryStore(on: kind)
    let trail = trail
    for index in 0..<count {
      try await temporary.store.write { transaction in
        try trail.append(
          AuditRecord(
            .callDecided, requestID: RequestID(), actor: "playground:alice",
            scene: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")),
            arguments: ["secret": .string("value \(index)")],
            outcome: "allow", rules: ["member-read"]),
          in: transaction)
      }
    }
    return temporary
  }

  private func rows(_ store: Store) async throws -> [AuditRow] {
    try await store.read { try $0.auditRows(after: 0, limit: 1_000) }
  }

  @Test("a chain of records verifies, and its report names the last hash", arguments: StoreKind.tested)
  func verifies(kind: StoreKind) async throws {
    let temporary = try await filled(25, on: kind)
    let report = try await AuditVerifier.verify(temporary.store)
    #expect(report.defect == nil)
    #expect(report.heads == 25)
    #expect(report.bodies == 25)
    #expect(report.lastHash == (try await rows(temporary.store)).last?.hash.hexadecimal)
  }

  @Test("a head holds neither identity nor chat nor arguments")
  func headsAreBlind() async throws {
    let temporary = try await filled(1)
    let head = try #require(try await rows(temporary.store).first?.head)
    for word in ["alice", "group", "secret", "value"] { #expect(!head.contains(word)) }
  }

  @Test("every change of one byte of a head is found")
  func everyByte() async throws {
    let temporary = try await filled(2)
    let stored = try await rows(temporary.store)
    for (index, row) in stored.enumerated() {
      let bytes = Array(row.head.utf8)
      for position in bytes.indices {
        var changed = bytes
        changed[position] ^= 1
        let altered = AuditRow(
          sequence: row.sequence, head: String(decoding: changed, as: UTF8.self), hash: row.hash, body: row.body)
        let previous = index == 0 ? AuditTrail.origin : stored[index - 1].hash
        #expect(AuditVerifier.defect(in: altered, after: Int64(index), previous: previous) != nil)
      }
    }
  }

  @Test("a head rewritten together with its hash is found at the next one")
  func rewritten() async throws {
    let temporary = try await filled(3)
    let stored = try await rows(temporary.store)
    let forged = stored[1].head.replacing("allow", with: "denyx")
    let altered = AuditRow(sequence: 2, head: forged, hash: AuditTrail.hash(ofHead: forged), body: nil)
    #expect(AuditVerifier.defect(in: altered, after: 1, previous: stored[0].hash) == nil)
    #expect(AuditVerifier.defect(in: stored[2], after: 2, previous: altered.hash) != nil)
  }

  @Test("a missing head, a swapped head and a changed body are found; a deleted body is no defect")
  func gaps() async throws {
    let temporary = try await filled(3)
    let stored = try await rows(temporary.store)
    #expect(AuditVerifier.defect(in: stored[1], after: 0, previous: AuditTrail.origin) != nil)
    #expect(AuditVerifier.defect(in: stored[2], after: 1, previous: stored[0].hash) != nil)
    let body = try #require(stored[0].body)
    let altered = AuditRow(sequence: 1, head: stored[0].head, hash: stored[0].hash, body: (body.salt, body.text + " "))
    #expect(AuditVerifier.defect(in: altered, after: 0, previous: AuditTrail.origin) != nil)
    let bare = AuditRow(sequence: 1, head: stored[0].head, hash: stored[0].hash, body: nil)
    #expect(AuditVerifier.defect(in: bare, after: 0, previous: AuditTrail.origin) == nil)
  }
}

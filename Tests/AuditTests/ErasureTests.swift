import Core
import Foundation
import Logging
@testable import Storage
import TestSupport
import Testing

@testable import Audit

@Suite("Erasing a person", .timeLimit(.minutes(5)))
struct ErasureTests {
  @Test("empties what that person left and nobody else's, and the log verifies", arguments: StoreKind.tested)
  func erases(kind: StoreKind) async throws {
    let ledger = try Ledger(on: kind)
    let store = ledger.store
    try await ledger.append(3, by: "playground:alice")
    try await ledger.append(2, by: "playground:bob")
    try await store.write { [trail = ledger.trail] transaction in
      try trail.append(AuditRecord(.adminEnrolled, actor: "playground:bob", subject: "playground:alice"), in: transaction)
    }
    for name in ["alice", "bob"] {
      let event = ChatEvent.sample("of \(name)", "words of \(name)", from: name)
      try await store.write { transaction in
        _ = try transaction.insert(event, body: StoredText.encode(event))
        guard let claimed = try transaction.claimEvent() else { return }
        try transaction.enqueue("answer to \(name)", to: claimed.event.replyAddress)
        try transaction.complete(claimed)
        for (message, _) in try transaction.claimMessages(limit: 1) { try transaction.markSent(message, platformID: "p") }
      }
      let tool = Tool(name: "note", skill: "s", build: "b", summary: "", effect: .write, parameters: [], rest: nil)
      let call = try await store.write { transaction in
        try transaction.insert(
          WriteCall(
            code: name, digest: name, state: .succeeded,
            call: ToolCall(
              tool: tool, arguments: ["text": .string("of \(name)")], requestID: RequestID(), requester: "playground:\(name)",
              idempotencyKey: name), requesterName: name, conversation: event.conversation, gates: [],
            createdAt: transaction.now, expiresAt: transaction.now, runWithin: 1, runDeadline: nil, reply: event.replyAddress))
      }
      // Somebody else's vote, with the arguments of this person's call.
      try await store.write { [trail = ledger.trail] transaction in
        try trail.append(
          AuditRecord(.approvalVote, actor: "playground:carol", tool: tool, arguments: call.arguments, call: call.id),
          in: transaction)
      }
    }
    try await ledger.keeper.sign()

    let erasure = PersonErasure(store: store, audit: ledger.trail)
    #expect(try await erasure.erase("alice", ids: ["playground:alice"]) == .init(texts: 1, calls: 1, bodies: 5))
    let texts = try await store.read { transaction in
      try [
        "SELECT body AS text FROM event", "SELECT content AS text FROM outbox", "SELECT arguments AS text FROM write_call",
        "SELECT body AS text FROM audit_body", "SELECT head AS text FROM audit_head",
        "SELECT requester_name AS text FROM write_call",
      ].flatMap { try transaction.rows($0, []).map { try $0["text"] as String } }
    }
    let all = texts.joined(separator: "\n")
    #expect(!all.contains("alice"))
    for left in ["words of bob", "answer to bob", "of bob"] { #expect(all.contains(left)) }
    let report = try await ledger.verify()
    #expect(report.defect == nil && report.heads == 10 && report.bodies == 5)
    #expect(try await erasure.erase("alice", ids: ["playground:alice"]) == .init(texts: 0, calls: 1, bodies: 0))
  }
}

import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("What is old")
struct RetentionTests {
  private let clock = ManualClock()
  private let retention = Retention(bodies: .seconds(30 * 86_400), ids: .seconds(180 * 86_400))

  private func forget(in store: Store) async throws {
    while try await store.write({ try $0.forget(by: retention) }) {}
  }

  private func bodies(_ store: Store) async throws -> [String: Bool] {
    let rows = try await store.read { try $0.rows("SELECT message_id, body FROM event ORDER BY seq", []) }
    return try Dictionary(
      uniqueKeysWithValues: rows.map { row -> (String, Bool) in
        let body: String = try row["body"]
        return (try row["message_id"], !body.isEmpty)
      })
  }

  private func event(_ id: String) -> ChatEvent {
    let sample = ChatEvent.sample(id)
    return ChatEvent(
      requestID: sample.requestID, receivedAt: clock.now, conversation: sample.conversation, sender: sample.sender,
      messageID: id, text: sample.text, mentions: sample.mentions, dedupeKeys: sample.dedupeKeys)
  }

  private func work(_ id: String, in store: Store) async throws {
    let event = event(id)
    try await store.write { transaction in
      _ = try transaction.insert(event)
      guard let claimed = try transaction.claimEvent() else { return }
      try transaction.enqueue("answer to \(id)", to: claimed.event.replyAddress)
      try transaction.complete(claimed)
      for (message, _) in try transaction.claimMessages(limit: 1) { try transaction.markSent(message, platformID: "p \(id)") }
    }
  }

  @Test("loses its text first, its row later, and is known as a duplicate all the time between", arguments: StoreKind.tested)
  func schedule(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind, clock: clock.wall)
    let store = temporary.store
    try await work("old", in: store)
    clock.advance(.seconds(20 * 86_400))
    try await work("young", in: store)
    try await forget(in: store)
    #expect(try await bodies(store) == ["old": true, "young": true])
    clock.advance(.seconds(11 * 86_400))
    try await forget(in: store)
    #expect(try await bodies(store) == ["old": false, "young": true])
    let texts = try await store.read { try $0.rows("SELECT content FROM outbox ORDER BY id", []) }
    #expect(try texts.map { row -> Bool in (try row["content"] as String).isEmpty } == [true, false])
    #expect(try await store.write { try $0.insert(ChatEvent.sample("old")) } != .accepted)
    clock.advance(.seconds(150 * 86_400))
    try await forget(in: store)
    #expect(try await bodies(store) == ["young": false])
    #expect(try await store.write { try $0.insert(ChatEvent.sample("old")) } == .accepted)
  }

  @Test("is kept as long as it is open, with all that came after it", arguments: StoreKind.tested)
  func open(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind, clock: clock.wall)
    let store = temporary.store
    try await work("done", in: store)
    let waiting = event("waits")
    _ = try await store.write { try $0.insert(waiting) }
    clock.advance(.seconds(400 * 86_400))
    try await forget(in: store)
    #expect(try await bodies(store) == ["waits": true])
  }

  @Test("of the audit log the bodies go, and the heads stay", arguments: StoreKind.tested)
  func audit(on kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind, clock: clock.wall)
    let store = temporary.store
    for sequence in 1...3 as ClosedRange<Int64> {
      let head = JSON.object(["ts": .integer(clock.now.milliseconds)]).canonical
      try await store.write {
        try $0.appendAudit(sequence: sequence, head: head, hash: Data([1]), salt: Data([2]), body: "{}")
      }
      clock.advance(.seconds(20 * 86_400))
    }
    try await forget(in: store)
    let rows = try await store.read { try $0.auditRows(after: 0, limit: 10) }
    #expect(rows.map { $0.body == nil } == [true, true, false])
  }

  @Test("goes in steps that hold up other writers for a short while only", arguments: StoreKind.tested)
  func steps(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind, clock: clock.wall)
    let store = temporary.store
    for index in 0..<450 { try await work("\(index)", in: store) }
    clock.advance(.seconds(31 * 86_400))
    #expect(try await store.write { try $0.forget(by: retention) })
    #expect(try await bodies(store).values.filter { !$0 }.count == 200)
    try await forget(in: store)
    #expect(try await bodies(store).values.allSatisfy { !$0 })
  }
}

import Core
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("The outbox")
struct OutboxTests {
  private func address(_ group: String, _ message: String? = "m") -> ReplyAddress {
    ReplyAddress(
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, group)), requestID: RequestID(),
      answers: message.map { MessageReference(messageID: $0) })
  }

  @Test("answers to one message are numbered 1, 2, 3 and keep their number when they are sent again", arguments: StoreKind.tested)
  func sequence(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let address = address("1")
    try await store.write { for text in ["x", "y"] { try $0.enqueue(text, to: address) } }
    let first = try #require(try await store.write { try $0.claimMessages(limit: 5) }.first)
    #expect(first.message.sequence == 1)
    try await store.write { try $0.postpone(first.message, until: $0.now, error: "again") }
    let again = try #require(try await store.write { try $0.claimMessages(limit: 5) }.first)
    #expect(again.message == first.message)
    #expect(again.attempt == 2)
    try await store.write { try $0.markSent(again.message, platformID: nil) }
    #expect(try await store.write { try $0.claimMessages(limit: 5) }.first?.message.sequence == 2)
  }

  @Test("a NUL in a text does not cut it", arguments: StoreKind.tested)
  func nul(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let address = address("1")
    try await temporary.store.write { try $0.enqueue("before\0after", to: address) }
    let claimed = try await temporary.store.write { try $0.claimMessages(limit: 1) }
    #expect(claimed.first?.message.content.text == "before\u{fffd}after")
  }

  @Test("a conversation's second message waits for its first; other conversations do not", arguments: StoreKind.tested)
  func order(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let (one, two) = (address("1"), address("2"))
    try await store.write { transaction in
      try transaction.enqueue("first", to: one)
      try transaction.enqueue("second", to: one)
      try transaction.enqueue("other", to: two)
    }
    let claimed = try await store.write { try $0.claimMessages(limit: 5) }
    #expect(claimed.map(\.message.content.text) == ["first", "other"])
    #expect(try await store.write { try $0.claimMessages(limit: 5) }.isEmpty)
    try await store.write { try $0.postpone(claimed[0].message, until: $0.now.advanced(by: .seconds(60)), error: "later") }
    #expect(try await store.write { try $0.claimMessages(limit: 5) }.isEmpty)
  }

  @Test(
    "what waits behind another message is not due: neither while that one is sent nor while it waits for another try",
    arguments: StoreKind.tested)
  func due(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let address = address("1")
    try await store.write { for text in ["first", "second"] { try $0.enqueue(text, to: address) } }
    let first = try #require(try await store.write { try $0.claimMessages(limit: 5) }.first)
    #expect(try await store.read { try $0.nextMessageDue() } == nil)
    try await store.write { try $0.enqueue("third", to: address) }
    #expect(try await store.read { try $0.nextMessageDue() } == nil)
    let later = Timestamp(seconds: 4_000_000_000)
    try await store.write { try $0.postpone(first.message, until: later, error: "later") }
    #expect(try await store.read { try $0.nextMessageDue() } == later)
    try await store.write { try $0.hurryMessages() }
    #expect(try await store.write { try $0.claimMessages(limit: 5) }.map(\.message.content.text) == ["first"])
    try await store.write { try $0.markFailed(first.message, error: "no") }
    #expect(try await store.write { try $0.claimMessages(limit: 5) }.map(\.message.content.text) == ["second"])
  }

  @Test("what was being sent when the process died is in doubt after the restart", arguments: StoreKind.tested)
  func doubt(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let address = address("1")
    try await temporary.store.write { try $0.enqueue("text", to: address) }
    _ = try await temporary.store.write { try $0.claimMessages(limit: 1) }
    let next = try temporary.reopened()
    #expect(try await next.read { try $0.messagesInDoubt().map(\.content.text) } == ["text"])
  }

  @Test("a message is settled when its event is done and every answer to it is sent", arguments: StoreKind.tested)
  func settled(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    _ = try await store.write { try $0.insert(ChatEvent.sample("m")) }
    let settled: @Sendable (Transaction) throws -> Bool = {
      try $0.isSettled(messageID: "m", in: ChatEvent.sample("m").conversation)
    }
    #expect(try await store.read(settled) == false)
    let address = address("1")
    try await store.write { transaction in
      let claimed = try #require(try transaction.claimEvent())
      try transaction.enqueue("answer", to: address)
      try transaction.complete(claimed)
    }
    #expect(try await store.read(settled) == false)
    let claimed = try await store.write { try $0.claimMessages(limit: 1) }
    #expect(try await store.read(settled) == false)
    try await store.write { try $0.markSent(claimed[0].message, platformID: nil) }
    #expect(try await store.read(settled))
  }
}

@Suite("Values of skills")
struct SkillValueTests {
  @Test("a skill sees its own keys only, and a prefix is not a pattern", arguments: StoreKind.tested)
  func namespaces(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    for (key, value) in [("a/1", JSON.integer(1)), ("a/2", 2), ("a%3", 3), ("b", 4)] {
      #expect(try await store.set(value, forKey: key, of: "one"))
    }
    #expect(try await store.value(forKey: "a/1", of: "one") == 1)
    #expect(try await store.value(forKey: "a/1", of: "two") == nil)
    #expect(try await store.entries(withPrefix: "a/", limit: 10, of: "one").map(\.key) == ["a/1", "a/2"])
    #expect(try await store.entries(withPrefix: "a%", limit: 10, of: "one").map(\.key) == ["a%3"])
    #expect(try await store.entries(withPrefix: "", limit: 2, of: "one").map(\.key) == ["a%3", "a/1"])
    #expect(try await store.set(nil, forKey: "a/1", of: "one"))
    #expect(try await store.value(forKey: "a/1", of: "one") == nil)
  }

  @Test("a skill cannot keep more than its quota", arguments: StoreKind.tested)
  func quota(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let large = JSON.string(String(repeating: "x", count: 1 << 20))
    for index in 0..<15 { #expect(try await temporary.store.set(large, forKey: "\(index)", of: "greedy")) }
    #expect(try await temporary.store.set(large, forKey: "last", of: "greedy") == false)
    #expect(try await temporary.store.set(large, forKey: "0", of: "greedy"))
    #expect(try await temporary.store.set(large, forKey: "0", of: "other"))
  }
}

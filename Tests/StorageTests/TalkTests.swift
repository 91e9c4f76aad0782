import Core
import TestSupport
import Testing

@testable import Storage

@Suite("What is remembered of talk")
struct TalkTests {
  private let conversation = Conversation(channel: "main", account: "bot", scene: Scene(.group, "1"))

  @Test("is found again as it was, by chat and sender, also after a restart", arguments: StoreKind.tested)
  func remembers(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    var talker = Talker(said: "digest", answeredAt: Timestamp(milliseconds: 7))
    talker.wasRefused = true
    talker.hint = "hint"
    talker.hints = 3
    talker.hintedAt = Timestamp(milliseconds: 5)
    let other = Conversation(channel: "main", account: "bot", scene: Scene(.group, "2"))
    for said in ["before", "digest"] {
      talker.said = said
      try await temporary.store.write { [talker] in try $0.remember(talker, of: "alice", in: conversation) }
    }
    let store = try temporary.reopened()
    #expect(try await store.read { try $0.talker("alice", in: conversation) } == talker)
    #expect(try await store.read { try $0.talker("bob", in: conversation) } == nil)
    #expect(try await store.read { try $0.talker("alice", in: other) } == nil)
  }

  @Test("is forgotten oldest first, in small steps, and never before its time", arguments: StoreKind.tested)
  func forgets(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    for index in 1...5 {
      let talker = Talker(said: "\(index)", answeredAt: Timestamp(milliseconds: Int64(index)))
      try await store.write { try $0.remember(talker, of: "\(index)", in: conversation) }
    }
    let limit = Timestamp(milliseconds: 4)
    #expect(try await store.write { try $0.forgetTalkers(before: limit, limit: 2) } == 2)
    #expect(try await store.read { try $0.talker("2", in: conversation) } == nil)
    #expect(try await store.read { try $0.talker("3", in: conversation) } != nil)
    #expect(try await store.write { try $0.forgetTalkers(before: limit, limit: 2) } == 1)
    #expect(try await store.write { try $0.forgetTalkers(before: limit, limit: 2) } == 0)
    #expect(try await store.read { try $0.talker("4", in: conversation) } != nil)
  }

  @Test("answers to bots are counted by chat", arguments: StoreKind.tested)
  func bots(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    _ = try await store.write { try $0.insert(ChatEvent.sample("a")) }
    #expect(try await store.read { try $0.botAnswers(in: conversation) } == 0)
    try await store.write { try $0.setBotAnswers(2, in: conversation) }
    #expect(try await store.read { try $0.botAnswers(in: conversation) } == 2)
    try await store.write { try $0.setBotAnswers(0, in: conversation) }
    #expect(try await store.read { try $0.botAnswers(in: conversation) } == 0)
  }
}

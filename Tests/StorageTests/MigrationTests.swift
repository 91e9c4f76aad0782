import Core
import Foundation
import GRDB
import TestSupport
import Testing

@testable import Storage

@Suite("An older database")
struct MigrationTests {
  @Test("goes on where it stopped: what was pending is sent, what was sent stays, and what waited is worked on")
  func fromFirst() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "openclaw.db").path
    try Self.fill(path)

    let store = try Store(path: path)
    let claimed = try #require(try await store.write { try $0.claimEvent() })
    #expect(claimed.event.kind == .message)
    #expect(claimed.event.messageID == "waits")
    #expect(claimed.event.text == "hello")
    let doubtful = try await store.write { try $0.messagesInDoubt() }
    #expect(doubtful.map(\.content.text) == ["on its way"])
    let next = try #require(try await store.write { try $0.claimMessages(limit: 5) }.first)
    #expect(next.message.content == .text("not \"sent\" yet"))
    #expect(next.message.answers == MessageReference(messageID: "m2"))
    #expect(next.message.sequence == 2)
    #expect(next.attempt == 4)
    let sent = try await store.read { try $0.sentMessages(in: Self.conversation("1"), after: 0, limit: 5) }
    #expect(sent.map(\.content.text) == ["said"])
    try store.close()
  }

  private static func conversation(_ group: String) -> Conversation {
    Conversation(channel: "main", account: "bot", scene: Scene(.group, group))
  }

  /// A database as the first version left it.
  private static func fill(_ path: String) throws {
    let pool = try DatabasePool(path: path)
    try SQLiteSchema.migrator.migrate(pool, upTo: "1")
    let event = ChatEvent.sample("waits", "hello")
    var body = try JSON(parsing: try StoredText.encode(event)).object ?? [:]
    body["kind"] = nil
    let text = JSON.object(body).canonical
    let chats = try ["1", "2"].map { (lane: conversation($0).description, stored: try StoredText.encode(conversation($0))) }
    try pool.write { database in
      try database.execute(
        sql: """
          INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, state)
          VALUES (?, ?, 'main', 'waits', ?, 0, 'pending')
          """, arguments: [event.requestID.description, event.conversation.description, text])
      try database.execute(
        sql: "INSERT INTO lane (conversation, ready_at) VALUES (?, 0)", arguments: [event.conversation.description])
      for (chat, answers, sequence, words, attempts, state) in [
        (0, "m1", 1, "said", 1, "sent"), (0, "m2", 2, "not \"sent\" yet", 3, "pending"), (1, "m3", 1, "on its way", 1, "sending"),
      ] {
        try database.execute(
          sql: """
            INSERT INTO outbox (
              request_id, lane, channel, conversation, answers, sequence, text, created_at, not_before, attempts, state)
            VALUES (?, ?, 'main', ?, ?, ?, ?, 0, 0, ?, ?)
            """,
          arguments: [
            RequestID().description, chats[chat].lane, chats[chat].stored, answers, sequence, words, attempts, state,
          ])
      }
      try database.execute(sql: "INSERT INTO outbox_lane (lane, due) VALUES (?, 0)", arguments: [chats[0].lane])
      try database.execute(sql: "INSERT INTO outbox_lane (lane, sending) VALUES (?, 1)", arguments: [chats[1].lane])
    }
    try pool.close()
  }
}

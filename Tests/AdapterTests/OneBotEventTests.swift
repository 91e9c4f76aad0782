import Core
import Testing

@testable import AdapterOneBot

@Suite("OneBot events")
struct OneBotEventTests {
  @Test("are normalised as the vector says", arguments: Vectors.cases("onebot-events"))
  func normalise(_ vector: VectorCase) throws {
    let expected = try #require(vector["expected"])
    let payload = try #require(vector["payload"])
    guard expected["kind"] != "invalid" else {
      #expect(throws: OneBotFrameError.self) { try OneBotFrame(parsing: payload) }
      return
    }
    try Vectors.expect(Self.describe(try OneBotFrame(parsing: payload)), matches: expected, vector.name)
    guard let original = expected["duplicateOf"]?.string else { return }
    let first = try #require(Vectors.cases("onebot-events").first { $0.name == original })
    #expect(try Self.dedupeKeys(first) == Self.dedupeKeys(vector))
    #expect(try !Self.dedupeKeys(first).isEmpty)
  }

  @Test("become chat events only when a known person wrote them now", arguments: Vectors.cases("onebot-events"))
  func interpret(_ vector: VectorCase) throws {
    let expected = try #require(vector["expected"])
    let channel = try OneBotCredentialTests.channel()
    let request = WebhookRequest(
      headers: [:], body: [], remoteAddress: "127.0.0.1", receivedAt: Timestamp(seconds: 1_780_000_060))
    let result: Interpretation
    do {
      result = try channel.interpret(
        try #require(vector["payload"]), of: request, authentication: .verified, requestID: RequestID())
    } catch {
      #expect(expected["kind"] == "invalid")
      #expect((error as? Refusal)?.code == "event_invalid")
      return
    }
    guard case .event(let event) = result else {
      guard case .ignored(let type) = result else {
        Issue.record("\(vector.name): \(result)")
        return
      }
      #expect(expected["kind"] != "message" || type == "anonymous_message")
      return
    }
    guard event.kind == .message, event.attachments.isEmpty || expected["kind"] == "message" else {
      #expect(expected["kind"] == "notice")
      return
    }
    #expect(expected["kind"] == "message")
    #expect(expected["anonymousFlag"] == nil)
    #expect(event.sender.id == "onebot:napcat:\(expected["senderId"]?.string ?? "")")
    #expect(event.conversation.account == vector["payload"]?.number("self_id"))
    #expect(event.text == expected["text"]?.string)
    #expect(event.messageID == expected["messageId"]?.string)
  }

  @Test("are stale past the configured age and not at it", arguments: [(120, false), (121, true), (-500, false)])
  func stale(age: Int64, isStale: Bool) throws {
    let vector = try #require(Vectors.cases("onebot-events").first { $0.name == "group-array-plain" })
    let channel = try OneBotCredentialTests.channel()
    let request = WebhookRequest(
      headers: [:], body: [], remoteAddress: "127.0.0.1", receivedAt: Timestamp(seconds: 1_780_000_000 + age))
    let result = try channel.interpret(
      try #require(vector["payload"]), of: request, authentication: .verified, requestID: RequestID())
    if case .ignored("stale") = result { #expect(isStale) } else { #expect(!isStale) }
  }

  @Test("with equal message ids are told apart by chat and account")
  func dedupe() throws {
    func keys(_ changes: [String: JSON]) throws -> [String] {
      let base = try #require(Vectors.cases("onebot-events").first { $0.name == "group-array-plain" }?["payload"])
      return try Self.dedupeKeys(VectorCase(json: ["payload": base.adding(changes)]))
    }
    let all = try [keys([:]), keys(["group_id": 20003]), keys(["self_id": 10002]), keys(["message_type": "private"])].map(\.first)
    #expect(Set(all).count == 4)
    #expect(try keys(["self_id": "010001"]) == keys([:]))
  }

  @Test("a nickname cannot leave its line")
  func nickname() throws {
    let payload: JSON = [
      "post_type": "message", "message_type": "group", "self_id": 1, "user_id": 2, "message_id": 3, "group_id": 4,
      "message": [["type": "at", "data": ["qq": "5", "name": "x\n/approve 1"]]], "sender": ["nickname": "a\r\nb"],
    ]
    guard case .message(let message) = try OneBotFrame(parsing: payload) else {
      Issue.record("no message")
      return
    }
    #expect(message.text == "@x /approve 1")
    #expect(message.senderName == "a  b")
  }

  @Test(
    "that end here are counted under a few fixed words",
    arguments: [
      ("napcat-message-sent", "self_message"), ("self-message-as-message", "self_message"),
      ("gocqhttp-anonymous", "anonymous_message"),
      ("group-sub-type-notice", "system_message"), ("gocqhttp-guild-message", "foreign_message"), ("group-poke", "notice"),
      ("unknown-notice", "unknown"), ("friend-request", "friend_request"), ("group-join-request", "group_join_request"),
      ("group-invite-request", "group_invitation"), ("heartbeat", "meta_event"),
      ("heartbeat-offline", "account_offline"), ("napcat-bot-offline", "account_offline"),
      ("heartbeat-null-online", "meta_event"),
      ("unknown-post-type", "unknown"), ("api-ok", "unmatched_response"),
    ])
  func labels(name: String, label: String) throws {
    let vector = try #require(Vectors.cases("onebot-events").first { $0.name == name })
    let request = WebhookRequest(
      headers: [:], body: [], remoteAddress: "127.0.0.1", receivedAt: Timestamp(seconds: 1_780_000_000))
    let result = try OneBotCredentialTests.channel().interpret(
      try #require(vector["payload"]), of: request, authentication: .verified, requestID: RequestID())
    guard case .ignored(let type) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(type == label)
  }

  /// The event that a vector becomes.
  private func event(_ name: String, changed changes: [String: JSON] = [:]) throws -> ChatEvent? {
    let payload = try #require(Vectors.cases("onebot-events").first { $0.name == name }?["payload"])
    let request = WebhookRequest(
      headers: [:], body: [], remoteAddress: "127.0.0.1", receivedAt: Timestamp(seconds: 1_780_000_000))
    let result = try OneBotCredentialTests.channel().interpret(
      payload.adding(changes), of: request, authentication: .verified, requestID: RequestID())
    if case .event(let event) = result { return event }
    return nil
  }

  @Test(
    "tell what happened around a chat, and who did it",
    arguments: [
      ("group-increase-self", [:], .botAdded, "group:20002"), ("group-decrease-kick-me", [:], .botRemoved, "group:20002"),
      ("group-decrease-disband", [:], .botRemoved, "group:20002"), ("friend-add", [:], .friendAdded, "private:30003"),
      ("group-ban", ["user_id": 10001], .muted, "group:20002"),
      ("group-ban", ["user_id": 10001, "sub_type": "lift_ban"], .unmuted, "group:20002"), ("group-ban", [:], nil, ""),
      ("group-increase-approve", [:], nil, ""), ("group-poke", [:], nil, ""), ("group-admin-set", [:], nil, ""),
      ("group-recall", [:], .recalled(messageID: "1001"), "group:20002"),
      ("friend-recall", [:], .recalled(messageID: "2001"), "private:30003"),
    ] as [(String, [String: JSON], Notice?, String)])
  func notices(name: String, changes: [String: JSON], notice: Notice?, scene: String) throws {
    let event = try event(name, changed: changes)
    #expect(event?.kind == notice.map { .notice($0) })
    guard let event else { return }
    #expect(event.conversation.scene.description == scene)
    #expect(event.text.isEmpty)
    #expect(event.sender.id.hasPrefix("onebot:napcat:"))
    // The same document is the same notice, another time another one.
    let again = try self.event(name, changed: changes)
    #expect(event.dedupeKeys == again?.dedupeKeys)
    let later = try self.event(name, changed: changes.merging(["time": 1]) { $1 })
    #expect(event.dedupeKeys != later?.dedupeKeys)
  }

  @Test("a file that was put into a group is an attachment without words")
  func upload() throws {
    let file: JSON = ["id": "/abc", "name": "a\nb.txt", "size": 3, "busid": 102, "url": "http://127.0.0.1/f"]
    let event = try #require(try event("group-upload", changed: ["file": file]))
    #expect(event.kind == .message)
    #expect(event.text.isEmpty)
    #expect(event.attachments == [Attachment(kind: "file", name: "a b.txt", url: "http://127.0.0.1/f")])
    let path = try #require(try self.event("group-upload", changed: ["file": file.adding(["url": "file:///etc/passwd"])]))
    #expect(path.attachments.first?.url == nil)
    #expect(try self.event("group-upload", changed: ["user_id": 10001]) == nil)
  }

  @Test("answer with an empty 204")
  func acknowledgement() throws {
    #expect(try OneBotCredentialTests.channel().acknowledgement == WebhookAnswer(status: 204, body: nil))
  }

  private static func dedupeKeys(_ vector: VectorCase) throws -> [String] {
    guard case .message(let message) = try OneBotFrame(parsing: try #require(vector["payload"])) else { return [] }
    return message.event(channel: "napcat", requestID: RequestID(), receivedAt: Timestamp(seconds: 0)).dedupeKeys
  }

  /// Our reading in the words of the vectors.
  private static func describe(_ frame: OneBotFrame) -> JSON {
    switch frame {
    case .message(let message): describe(message, kind: "message")
    case .selfMessage(let message): describe(message, kind: "selfMessage")
    case .ignored(.some(let message)): describe(message, kind: "ignored")
    case .ignored(nil): ["kind": "ignored", "mentionsBot": false]
    case .notice(let notice):
      place(notice.scene).adding([
        "kind": "notice", "notice": .string(notice.kind.rawValue), "senderId": string(notice.userID),
        "operatorId": string(notice.operatorID), "targetId": string(notice.targetID), "messageId": string(notice.messageID),
        "durationSeconds": notice.muteSeconds.map(JSON.integer) ?? .null, "mentionsBot": false,
      ])
    case .request(let request):
      place(request.scene).adding([
        "kind": "request", "request": .string(request.kind.rawValue), "senderId": .string(request.userID),
        "comment": .string(request.comment), "flag": .string(request.flag), "mentionsBot": false,
      ])
    case .meta(let meta):
      [
        "kind": "meta", "meta": .string(meta.kind.rawValue), "selfId": .string(meta.selfID),
        "online": meta.isOnline.map(JSON.bool) ?? .null, "good": meta.isGood.map(JSON.bool) ?? .null,
        "intervalMs": meta.interval.map { .integer($0.components.seconds * 1000) } ?? .null,
      ]
    case .response(let response):
      [
        "kind": "apiResponse", "ok": .bool(response.failure == nil), "async": .bool(response.isQueued),
        "retcode": response.code.map(JSON.integer) ?? .null, "echo": response.echo ?? .null,
        "error": string(response.failure?.rawValue), "messageId": string(response.messageID),
      ]
    case .unknown: ["kind": "unknown", "mentionsBot": false]
    }
  }

  private static func describe(_ message: OneBotMessage, kind: String) -> JSON {
    place(message.scene).adding([
      "kind": .string(kind), "senderId": .string(message.senderID), "messageId": .string(message.id),
      "text": .string(message.text), "mentionsBot": .bool(message.mentions.bot), "mentionsAll": .bool(message.mentions.everyone),
      "mentionIds": .array(message.mentions.others.map(JSON.string)), "senderRole": string(message.senderRole?.rawValue),
      "replyToMessageId": string(message.repliesTo), "tempGroupId": string(message.temporaryGroupID),
      "forwardId": string(message.forwardID), "anonymousFlag": string(message.anonymousFlag),
      "attachments": .array(message.attachments.map { ["kind": .string($0.kind), "url": string($0.url)] }),
    ])
  }

  private static func place(_ scene: Scene?) -> JSON {
    ["scene": string(scene?.kind.rawValue), "groupId": scene?.kind == .group ? string(scene?.id) : .null]
  }

  private static func string(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }
}

import Core
import Testing

@testable import AdapterQQ

@Suite("QQ events")
struct QQEventTests {
  @Test("are normalised as the vector says", arguments: Vectors.cases("qq-events"))
  func normalise(_ vector: VectorCase) throws {
    let payload = try Self.parse(vector)
    try Vectors.expect(Self.describe(payload), matches: try #require(vector["expected"]), vector.name)
    guard let original = vector["expected"]?["duplicateOf"]?.string else { return }
    let first = try #require(Vectors.cases("qq-events").first { $0.name == original })
    let keys = Set(try Self.dedupeKeys(first)).intersection(try Self.dedupeKeys(vector))
    #expect(!keys.isEmpty)
  }

  @Test("reach the host as chat events, with everything else acknowledged and counted", arguments: Vectors.cases("qq-events"))
  func interpret(_ vector: VectorCase) throws {
    let expected = try #require(vector["expected"])
    let channel = try QQSignatureTests.channel(secrets: ["x"], botUserID: vector["context"]?["botUserId"]?.string)
    let request = WebhookRequest(
      headers: [:], body: [], remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 1_780_000_000))
    let requestID = RequestID()
    let result = try channel.interpret(
      try #require(vector["payload"]), of: request, authentication: .verified, requestID: requestID)
    switch (expected["kind"]?.string, result) {
    case ("message", .event(let event)):
      #expect(expected["senderIsBot"] != true)
      #expect(event.requestID == requestID)
      #expect(event.sender.id == "qq:11111111:\(expected["senderId"]?.string ?? "")")
      #expect(event.messageID == expected["messageId"]?.string)
      #expect(event.text == expected["text"]?.string)
      #expect(event.conversation.account == "11111111")
      #expect(event.conversation.channel == "main")
      #expect(event.dedupeKeys.contains("message:\(event.messageID)"))
    case ("message", .ignored(let type)):
      #expect(expected["senderIsBot"] == true)
      #expect(type == "bot_message")
    case ("interaction", .event(let event)):
      #expect(expected["mustAcknowledge"] == true)
      #expect(
        event.kind
          == .button(
            ButtonPress(
              interactionID: try vectorText(expected, "interactionId"),
              buttonID: (expected["buttonId"] ?? expected["featureId"])?.string, mustBeAcknowledged: true)))
      #expect(event.messageID == expected["eventId"]?.string)
      #expect(event.reference.kind == .event)
      #expect(event.text == (expected["buttonData"] ?? expected["featureId"])?.string)
      #expect(event.guild == expected["guildId"]?.string)
      #expect(event.sender.id == "qq:11111111:\(expected["senderId"]?.string ?? "")")
      #expect(event.dedupeKeys == [event.messageID, "interaction:\(try vectorText(expected, "interactionId"))"])
    case ("interaction", .ignored(let type)):
      #expect(expected["mustAcknowledge"] == false)
      #expect(type == "interaction")
    case ("notice", .event(let event)):
      #expect(event.kind == .notice(try #require(Self.notices[try vectorText(expected, "notice")]?(expected))))
      #expect(event.messageID == vector["payload"]?["id"]?.string)
      #expect(event.dedupeKeys == [event.messageID])
      #expect(event.reference.kind == .event)
      #expect(event.text.isEmpty)
      #expect(event.guild == expected["guildId"]?.string)
      #expect(event.sender.id == "qq:11111111:\(expected["senderId"]?.string ?? "-")")
    case ("notice", .ignored(let type)):
      #expect(Self.notices[try vectorText(expected, "notice")] == nil)
      #expect(type == "notice")
    case ("control", .control), ("control", .ignored): break
    case (_, .ignored): break
    default: Issue.record("\(vector.name): \(result)")
    }
  }

  @Test(
    "an event without something essential is refused with the member's name",
    arguments: [
      (#"{"op":0,"t":"GROUP_AT_MESSAGE_CREATE","d":{"author":{"member_openid":"A"},"group_openid":"G"}}"#, "d.id"),
      (#"{"op":0,"t":"GROUP_AT_MESSAGE_CREATE","d":{"id":"m","author":{},"group_openid":"G"}}"#, "d.author"),
      (#"{"op":0,"t":"GROUP_AT_MESSAGE_CREATE","d":{"id":"m","author":{"id":"A"}}}"#, "d.group_openid"),
      (#"{"op":0,"t":"C2C_MESSAGE_CREATE","d":"text"}"#, "d.id"),
      (#"{"op":0,"d":{}}"#, "t"),
      (#"{"t":"READY"}"#, "op"),
      (#"{"op":10,"d":{"heartbeat_interval":0}}"#, "d.heartbeat_interval"),
    ])
  func refused(text: String, member: String) throws {
    let document = try JSON(parsing: text)
    let error = #expect(throws: QQPayloadError.self) { try QQPayload(parsing: document, botUserID: nil) }
    #expect(error?.member == member)
  }

  @Test("over HTTP, a heartbeat is answered with its own number and an event with op 12")
  func httpControl() throws {
    let channel = try QQSignatureTests.channel(secrets: ["x"])
    let request = WebhookRequest(headers: [:], body: [], remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 0))
    let result = try channel.interpret(["op": 1, "d": 41], of: request, authentication: .verified, requestID: RequestID())
    guard case .control(let answer) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(answer == WebhookAnswer(status: 200, body: ["op": 11, "d": 41]))
    #expect(channel.acknowledgement == WebhookAnswer(status: 200, body: ["op": 12, "d": 0]))
  }

  @Test("a mention in a channel is recognised without knowing the bot's id, when the event says it is one")
  func unknownBotID() throws {
    let vector = try #require(Vectors.cases("qq-events").first { $0.name == "channel-at" })
    let payload = try QQPayload(parsing: try #require(vector["payload"]), botUserID: nil)
    try Vectors.expect(Self.describe(payload), matches: try #require(vector["expected"]), vector.name)
  }

  @Test(
    "that end here are counted under a few fixed words",
    arguments: [
      (#"{"op":0,"t":"MADE_UP_7","d":{}}"#, "unknown"), (#"{"op":4711}"#, "unknown"), (#"{"op":7}"#, "gateway_control"),
      (#"{"op":0,"t":"FRIEND_ADD","d":{"openid":"A"}}"#, "notice"), (#"{"op":0,"t":"GUILD_UPDATE","d":{}}"#, "guild_update"),
      (#"{"op":0,"t":"INTERACTION_CREATE","d":{"id":"i","user_openid":"A"}}"#, "interaction"),
      (#"{"op":0,"t":"GROUP_JOIN_REQUEST","d":{"join_request_id":"j","group_openid":"G","member_openid":"M"}}"#, "request"),
    ])
  func labels(text: String, label: String) throws {
    let channel = try QQSignatureTests.channel(secrets: ["x"])
    let request = WebhookRequest(headers: [:], body: [], remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 0))
    let result = try channel.interpret(try JSON(parsing: text), of: request, authentication: .verified, requestID: RequestID())
    guard case .ignored(let type) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(type == label)
  }

  /// The vectors' words for the notices that reach the host.
  private static let notices: [String: @Sendable (JSON) -> Notice] = [
    "groupBotAdded": { _ in .botAdded }, "groupBotRemoved": { _ in .botRemoved }, "groupPushOn": { _ in .unaskedAllowed },
    "groupPushOff": { _ in .unaskedRefused }, "c2cPushOn": { _ in .unaskedAllowed }, "c2cPushOff": { _ in .unaskedRefused },
    "friendAdded": { _ in .friendAdded }, "friendRemoved": { _ in .friendRemoved },
    "auditPass": { .reviewPassed(auditID: $0["auditId"]?.string ?? "", messageID: $0["messageId"]?.string) },
    "auditReject": { .reviewRejected(auditID: $0["auditId"]?.string ?? "") },
  ]

  private func vectorText(_ expected: JSON, _ member: String) throws -> String {
    try #require(expected[member]?.string)
  }

  static func parse(_ vector: VectorCase) throws -> QQPayload {
    try QQPayload(parsing: try #require(vector["payload"]), botUserID: vector["context"]?["botUserId"]?.string)
  }

  private static func dedupeKeys(_ vector: VectorCase) throws -> [String] {
    guard case .message(let message) = try parse(vector) else { return [] }
    return message.event(channel: "main", appID: "1", requestID: RequestID(), receivedAt: Timestamp(seconds: 0)).dedupeKeys
  }

  /// Our reading in the words of the vectors.
  private static func describe(_ payload: QQPayload) -> JSON {
    switch payload {
    case .control(let control): describe(control)
    case .message(let message): describe(message)
    case .notice(let notice):
      place(notice.scene, guild: notice.guildID).adding([
        "kind": "notice", "notice": .string(notice.kind.rawValue), "senderId": string(notice.actorID),
        "messageId": string(notice.messageID), "auditId": string(notice.auditID),
        "timestampUnix": notice.happenedAt.map { .integer($0.seconds) } ?? .null, "mentionsBot": false,
      ])
    case .interaction(let interaction):
      place(interaction.scene, guild: interaction.guildID).adding([
        "kind": "interaction", "senderId": string(interaction.actorID), "interactionId": .string(interaction.id),
        "eventId": string(interaction.eventID), "buttonId": string(interaction.buttonID),
        "buttonData": string(interaction.buttonData), "featureId": string(interaction.featureID),
        "mustAcknowledge": .bool(interaction.mustBeAcknowledged), "mentionsBot": false,
      ])
    case .joinRequest(let request):
      place(request.scene, guild: nil).adding([
        "kind": "request", "request": "groupJoin", "senderId": .string(request.memberID), "requestId": .string(request.id),
        "comment": string(request.comment), "mentionsBot": false,
      ])
    case .unknown: ["kind": "unknown", "mentionsBot": false]
    }
  }

  private static func describe(_ message: QQMessage) -> JSON {
    place(message.scene, guild: message.guildID).adding([
      "kind": "message", "senderId": .string(message.senderID), "messageId": .string(message.id), "text": .string(message.text),
      "mentionsBot": .bool(message.mentions.bot), "mentionsAll": .bool(message.mentions.everyone),
      "mentionIds": .array(message.mentions.others.map(JSON.string)),
      "timestampUnix": message.sentAt.map { .integer($0.seconds) } ?? .null, "senderRole": string(message.senderRole?.rawValue),
      "senderIsBot": .bool(message.senderIsBot), "refIdx": string(message.referenceIndex),
      "replyToRefIdx": string(message.quotedReferenceIndex), "replyToMessageId": string(message.quotedMessageID),
      "quotedText": string(message.quotedText), "forwardedTexts": .array(message.forwardedTexts.map(JSON.string)),
      "arkPrompt": string(message.cardPrompt), "replyPath": .string(QQSendRequest.path(for: message.scene)),
      "attachments": .array(
        message.attachments.map { attachment in
          var members: [String: JSON] = ["kind": .string(attachment.kind), "url": string(attachment.url)]
          if let transcript = attachment.transcript { members["asrText"] = .string(transcript) }
          return .object(members)
        }),
    ])
  }

  private static func describe(_ control: QQControl) -> JSON {
    let members: [String: JSON] =
      switch control {
      case .hello(let interval):
        [
          "control": "hello",
          "heartbeatIntervalMs": .integer(
            interval.components.seconds * 1000 + interval.components.attoseconds / 1_000_000_000_000_000),
        ]
      case .heartbeatRequest: ["control": "heartbeatRequest"]
      case .heartbeatAcknowledged: ["control": "heartbeatAck"]
      case .reconnect: ["control": "reconnect"]
      case .invalidSession(let resumable): ["control": "invalidSession", "resumable": .bool(resumable)]
      case .ready(let ready):
        [
          "control": "ready", "sessionId": .string(ready.sessionID), "botUserId": string(ready.botUserID),
          "shard": .array(ready.shard.map(JSON.integer)), "seq": ready.sequence.map(JSON.integer) ?? .null,
        ]
      case .resumed(let sequence): ["control": "resumed", "seq": sequence.map(JSON.integer) ?? .null]
      case .urlValidation(let validation):
        [
          "control": "urlValidation", "plainToken": .string(validation.plainToken), "eventTs": .string(validation.eventTimestamp),
        ]
      case .unknown: ["control": "unknown"]
      }
    return JSON.object(members).adding(["kind": "control"])
  }

  private static func place(_ scene: Scene?, guild: String?) -> JSON {
    let name: JSON =
      switch scene?.kind {
      case .group: "group"
      case .private: "c2c"
      case .guild: "channel"
      case .guildPrivate: "dm"
      case nil: .null
      }
    let hasGroup = scene?.kind == .group || scene?.kind == .guild
    return ["scene": name, "groupId": hasGroup ? string(scene?.id) : .null, "guildId": string(guild)]
  }

  private static func string(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }
}

extension JSON {
  func adding(_ members: [String: JSON]) -> JSON {
    .object((object ?? [:]).merging(members) { _, new in new })
  }
}

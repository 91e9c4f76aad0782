import Core

@testable import AdapterQQ

extension AdapterUnderTest {
  static let qq = AdapterUnderTest(
    kind: "qq", documents: Vectors.cases("qq-events"),
    interpret: { vector, requestID in
      let channel = QQChannel(
        try QQConfiguration(
          name: "main", appID: "11111111", secrets: [Secret("s")], botUserID: vector["context"]?["botUserId"]?.string))
      return try channel.interpret(
        vector["payload"] ?? .null, of: request(vector), authentication: .verified, requestID: requestID)
    },
    deliverer: { base, client in
      QQDeliverer(
        QQBot(
          try QQConfiguration(
            name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: base, tokenURL: base + "/token"),
          client: client))
    },
    script: [
      "/token": [.json(["access_token": "t1", "expires_in": "7200"])],
      "/v2/groups/7D1C/messages": [.json(["id": "ROBOT1.0_sent", "timestamp": "2026-05-28T20:26:41+08:00"])],
      "/v2/users/A1B2/messages": [.json(["id": "ROBOT1.0_sent", "timestamp": 1_780_000_000])],
      "/channels/100010/messages": [.json(["id": "0812"])],
      "/dms/3000000/messages": [.json(["id": "0813"])],
      "/v2/groups/7D1C/files": [.json(["file_uuid": "u", "file_info": "INFO", "ttl": 3600])],
      "/v2/users/A1B2/files": [.json(["file_uuid": "u", "file_info": "INFO", "ttl": 3600])],
      "/v2/groups/7D1C/messages/ROBOT1.0_sent": [.answer(status: 200, body: "{}")],
      "/channels/100010/messages/0812?hidetip=false": [.answer(status: 200, body: "{}")],
    ],
    probe: ("/v2/groups/7D1C/messages", say(group, .text("hi"))),
    outbound: [
      Outbound(
        name: "text in a group, in which no tag opens", message: say(group, .text("pong <@1> a < b"), sequence: 3),
        calls: [
          post(
            "/v2/groups/7D1C/messages", ["msg_type": 0, "content": "pong \u{ff1c}@1> a < b", "msg_id": "m1", "msg_seq": 3])
        ]),
      Outbound(
        name: "text in private", message: say(Scene(.private, "A1B2"), .text("pong")),
        calls: [post("/v2/users/A1B2/messages", ["msg_type": 0, "content": "pong", "msg_id": "m1", "msg_seq": 1])]),
      Outbound(
        name: "text in a guild channel", message: say(Scene(.guild, "100010"), .text("pong")),
        calls: [post("/channels/100010/messages", ["content": "pong", "msg_id": "m1"])]),
      Outbound(
        name: "text in a guild's direct message", message: say(Scene(.guildPrivate, "3000000"), .text("pong")),
        calls: [post("/dms/3000000/messages", ["content": "pong", "msg_id": "m1"])]),
      Outbound(
        name: "an answer to a pressed button names the event",
        message: message(
          group, .text("done"), answers: MessageReference(messageID: "INTERACTION_CREATE:2f0d", kind: .event),
          account: "11111111"),
        calls: [
          post(
            "/v2/groups/7D1C/messages",
            ["msg_type": 0, "content": "done", "event_id": "INTERACTION_CREATE:2f0d", "msg_seq": 1])
        ]),
      Outbound(
        name: "a message of our own accord names nothing",
        message: message(group, .text("news"), answers: nil, account: "11111111"),
        calls: [post("/v2/groups/7D1C/messages", ["msg_type": 0, "content": "news"])]),
      Outbound(
        name: "an image by its address",
        message: say(
          group, .message(MessageContent(text: "look", media: .init(kind: .image, source: .url("https://example.org/a.png"))))),
        calls: [
          post(
            "/v2/groups/7D1C/files", ["file_type": 1, "url": "https://example.org/a.png", "srv_send_msg": false]),
          post(
            "/v2/groups/7D1C/messages",
            ["msg_type": 7, "content": "look", "media": ["file_info": "INFO"], "msg_id": "m1", "msg_seq": 1]),
        ]),
      Outbound(
        name: "taking back a message in a group", message: say(group, .recall(messageID: "ROBOT1.0_sent")),
        calls: [Call(method: "DELETE", path: "/v2/groups/7D1C/messages/ROBOT1.0_sent", body: nil)]),
      Outbound(
        name: "taking back a message in a channel", message: say(Scene(.guild, "100010"), .recall(messageID: "0812")),
        calls: [Call(method: "DELETE", path: "/channels/100010/messages/0812?hidetip=false", body: nil)]),
    ])

  private static let group = Scene(.group, "7D1C")

  private static func say(_ scene: Scene, _ content: OutboundContent, sequence: Int = 1) -> OutboundMessage {
    message(scene, content, sequence: sequence, account: "11111111")
  }

  private static func post(_ path: String, _ body: JSON) -> Call { Call(method: "POST", path: path, body: body) }
}

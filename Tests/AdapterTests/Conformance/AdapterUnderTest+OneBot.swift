import Core

@testable import AdapterOneBot

extension AdapterUnderTest {
  static let oneBot = AdapterUnderTest(
    kind: "onebot", documents: Vectors.cases("onebot-events"),
    interpret: { vector, requestID in
      let channel = OneBotChannel(try OneBotConfiguration(name: "main"), accounts: OneBotAccounts())
      return try channel.interpret(
        vector["payload"] ?? .null, of: request(vector), authentication: .verified, requestID: requestID)
    },
    deliverer: { base, client in
      OneBotDeliverer(
        try OneBotConfiguration(name: "main", accessTokens: [Secret("t")], apiBase: base), accounts: OneBotAccounts(),
        client: client)
    },
    script: Dictionary(
      uniqueKeysWithValues: ["send_group_msg", "send_private_msg", "delete_msg"].map {
        ("/\($0)", [.json(["status": "ok", "retcode": 0, "data": ["message_id": -77]])])
      }),
    probe: ("/send_group_msg", say(Scene(.group, "20002"), .text("hi"))),
    outbound: [
      Outbound(
        name: "text in a group, which cannot become a CQ code",
        message: say(Scene(.group, "20002"), .text("[CQ:at,qq=all] & <b>")),
        calls: [call("send_group_msg", ["group_id": 20002, "message": [text("[CQ:at,qq=all] & <b>")]])]),
      Outbound(
        name: "text in private", message: say(Scene(.private, "4294967295"), .text("hi")),
        calls: [call("send_private_msg", ["user_id": 4_294_967_295, "message": [text("hi")]])]),
      Outbound(
        name: "buttons and markup fall back to the words",
        message: say(
          Scene(.group, "20002"),
          .message(MessageContent(text: "plain", markdown: "**rich**", buttons: [[.init(label: "Yes", data: "/yes")]]))),
        calls: [call("send_group_msg", ["group_id": 20002, "message": [text("plain")]])]),
      Outbound(
        name: "a quoted message stands first",
        message: say(Scene(.group, "20002"), .message(MessageContent(text: "hi", quotes: "-12"))),
        calls: [
          call(
            "send_group_msg",
            ["group_id": 20002, "message": [["type": "reply", "data": ["id": "-12"]], text("hi")]])
        ]),
      Outbound(
        name: "an image by its address",
        message: say(
          Scene(.group, "20002"),
          .message(MessageContent(text: "look", media: .init(kind: .image, source: .url("https://example.org/a.png"))))),
        calls: [
          call(
            "send_group_msg",
            [
              "group_id": 20002,
              "message": [text("look"), ["type": "image", "data": ["file": "https://example.org/a.png"]]],
            ])
        ]),
      Outbound(
        name: "an image by its bytes",
        message: say(
          Scene(.private, "30003"),
          .message(MessageContent(text: "", media: .init(kind: .image, source: .bytes([1, 2, 3]))))),
        calls: [
          call(
            "send_private_msg",
            ["user_id": 30003, "message": [["type": "image", "data": ["file": "base64://AQID"]]]])
        ]),
      Outbound(
        name: "taking back a message", message: say(Scene(.group, "20002"), .recall(messageID: "-77")),
        calls: [call("delete_msg", ["message_id": -77])]),
    ])

  private static func say(_ scene: Scene, _ content: OutboundContent) -> OutboundMessage {
    message(scene, content, account: "10001")
  }

  private static func call(_ action: String, _ body: JSON) -> Call { Call(method: "POST", path: "/\(action)", body: body) }

  private static func text(_ text: String) -> JSON { ["type": "text", "data": ["text": .string(text)]] }
}

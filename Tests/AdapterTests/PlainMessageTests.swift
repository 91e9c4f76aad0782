import Core
import Testing

@testable import AdapterOneBot
@testable import AdapterQQ

/// What the adapters vouch for as a person's plain words: nothing else can decide anything.
@Suite("Plain messages (T11, T12, T13)")
struct PlainMessageTests {
  // MARK: OneBot

  private func oneBot(_ message: String, extra: [String: JSON] = [:]) throws -> ChatEvent? {
    var members: [String: JSON] = [
      "post_type": "message", "message_type": "group", "self_id": 1, "user_id": 2, "message_id": 3, "group_id": 4,
      "time": 1_780_000_000, "message": try JSON(parsing: message),
    ]
    members.merge(extra) { $1 }
    let interpreter = OneBotInterpreter(channel: "napcat", maximumAge: .seconds(120))
    let frame = try OneBotFrame(parsing: .object(members))
    guard
      case .event(let event) = interpreter.interpret(
        frame, receivedAt: Timestamp(seconds: 1_780_000_001), requestID: RequestID())
    else { return nil }
    return event
  }

  private static let text = #"{"type":"text","data":{"text":"/approve 7K3M9QXA"}}"#
  private static let bot = #"{"type":"at","data":{"qq":"1"}}"#

  @Test(
    "OneBot: one text, and mentions of the bot before it",
    arguments: ["[\(text)]", "[\(bot),\(text)]", text, #""/approve 7K3M9QXA""#, #""[CQ:at,qq=1] /approve 7K3M9QXA""#])
  func oneBotPlain(message: String) throws {
    let event = try #require(try oneBot(message))
    #expect(event.isPlain && event.text == "/approve 7K3M9QXA")
  }

  @Test(
    "OneBot: nothing that stands beside it",
    arguments: [
      #"[{"type":"reply","data":{"id":"9"}},\#(text)]"#, #"[\#(text),{"type":"image","data":{"file":"a"}}]"#,
      #"[\#(text),{"type":"face","data":{"id":"1"}}]"#, #"[\#(text),{"type":"forward","data":{"id":"1"}}]"#,
      #"[\#(text),{"type":"at","data":{"qq":"1"}}]"#, #"[{"type":"at","data":{"qq":"5"}},\#(text)]"#,
      #"[{"type":"at","data":{"qq":"all"}},\#(text)]"#, "[\(text),\(text)]", #"[\#(text),{"type":"json","data":{"data":"{}"}}]"#,
      #"[\#(text),{"type":"mface","data":{}}]"#, "[\(text),17]", #"[{"type":"markdown","data":{"content":"/approve 7K3M9QXA"}}]"#,
      #""[CQ:reply,id=9]/approve 7K3M9QXA""#, #""/approve 7K3M9QXA[CQ:face,id=1]""#, "[]",
    ])
  func oneBotMixed(message: String) throws {
    #expect(try oneBot(message)?.isPlain != true)
  }

  @Test(
    "OneBot: no event of the bot itself, of the system, of nobody, or of long ago",
    arguments: [
      ["user_id": 1], ["post_type": "message_sent"], ["sub_type": "notice"], ["sub_type": "anonymous"],
      ["anonymous": ["id": 1, "name": "x", "flag": "f"]], ["time": 1_779_999_000], ["message_type": "guild"],
    ] as [[String: JSON]])
  func oneBotNobody(extra: [String: JSON]) throws {
    #expect(try oneBot("[\(Self.text)]", extra: extra) == nil)
  }

  // MARK: QQ

  private func qq(_ extra: [String: JSON], type: String = "GROUP_AT_MESSAGE_CREATE") throws -> ChatEvent? {
    var data: [String: JSON] = [
      "id": "m", "content": " /approve 7K3M9QXA ", "group_openid": "G", "channel_id": "C", "guild_id": "D", "message_type": 0,
      "author": ["id": "A", "member_openid": "A"],
    ]
    data.merge(extra) { $1 }
    let document: JSON = ["op": 0, "t": .string(type), "id": "e", "d": .object(data)]
    guard
      case .event(let event) = try QQPayload(parsing: document, botUserID: "BOT").interpretation(
        channel: "main", appID: "1", requestID: RequestID(), receivedAt: Timestamp(seconds: 1))
    else { return nil }
    return event
  }

  @Test("QQ: one text, and mentions of the bot before it")
  func qqPlain() throws {
    #expect(try qq([:])?.isPlain == true)
    let mentioning = try #require(try qq(["content": "<@!BOT> /approve 7K3M9QXA"], type: "AT_MESSAGE_CREATE"))
    #expect(mentioning.isPlain && mentioning.text == "/approve 7K3M9QXA")
  }

  @Test(
    "QQ: nothing that stands beside it",
    arguments: [
      ["message_type": 103, "msg_elements": [["content": "earlier"]]], ["message_type": 102, "msg_elements": [["content": "x"]]],
      ["message_reference": ["message_id": "r"]], ["message_scene": ["ext": ["ref_msg_idx=REFIDX_1"]]],
      ["attachments": [["content_type": "image/png", "url": "https://example.org/a"]]], ["ark_data": ["prompt": "card"]],
      ["message_type": 7], ["content": "/approve 7K3M9QXA <@OTHER>"],
      ["content": "/approve 7K3M9QXA <faceType=1,faceId=\"1\",ext=\"e30=\">"],
      ["mentions": [["id": "OTHER", "member_openid": "OTHER", "username": "x"]]],
    ] as [[String: JSON]])
  func qqMixed(extra: [String: JSON]) throws {
    #expect(try qq(extra)?.isPlain == false)
    #expect(try qq(["content": "/approve 7K3M9QXA <@!BOT>"], type: "AT_MESSAGE_CREATE")?.isPlain == false)
  }

  @Test("QQ: no event of a bot")
  func qqBot() throws {
    #expect(try qq(["author": ["id": "A", "member_openid": "A", "bot": true]]) == nil)
  }
}

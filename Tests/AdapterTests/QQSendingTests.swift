import AdapterHTTP
import Core
import Crypto
import Foundation
import NIOHTTP1
import Testing

@testable import AdapterQQ

@Suite("QQ messages")
struct QQSendRequestTests {
  private static let group = Scene(.group, "G")

  private func request(
    _ content: MessageContent, to scene: Scene = group, answers: MessageReference? = MessageReference(messageID: "m"),
    form: QQMessageForm = .full, fileInfo: String? = nil
  ) -> QQSendRequest {
    QQSendRequest(rich(.message(content), to: scene, answers: answers), form: form, fileInfo: fileInfo)
  }

  @Test("markup and buttons become a markdown message with a keyboard")
  func markdown() {
    let buttons = [[MessageContent.Button(label: "好", data: "ok:1", isPrimary: true), .init(label: "不", data: "no:1")]]
    let content = MessageContent(text: "t", markdown: "# 标题 <@all>", buttons: buttons)
    let body = request(content).body
    #expect(body["msg_type"] == 2)
    #expect(body["markdown"] == ["content": "# 标题 ＜@all>"])
    #expect(body["content"] == nil)
    let row = body["keyboard"]?["content"]?["rows"]?.array?.first?["buttons"]?.array
    #expect(row?.count == 2)
    #expect(row?.first?["id"] == "1-1")
    #expect(row?.first?["render_data"] == ["label": "好", "visited_label": "好", "style": 1])
    #expect(row?.first?["action"]?["type"] == 1)
    #expect(row?.first?["action"]?["data"] == "ok:1")
    #expect(row?.first?["action"]?["permission"] == ["type": 2])
    #expect(row?.first?["action"]?["unsupport_tips"]?.string?.isEmpty == false)
    #expect(row?.last?["render_data"]?["style"] == 0)
    let plain = request(content, form: .plain).body
    #expect(plain == ["msg_type": 0, "content": "t", "msg_id": "m", "msg_seq": 3])
  }

  private static let button = MessageContent.Button(label: "a", data: "/approve 7K3M9QXA")

  @Test(
    "buttons below plain text carry it as markup that looks the same",
    arguments: [
      "[approval] 7K3M9QXA · WRITE · tool notes.put\n  priority = 2\n  title = \"two words\"\ngate default_write: 0/1 by admin",
      "a - b + c = d > e", "-5 degrees", "3.14 and (1)", "中文，标点。", "a&b", "[1] x", "e_mail snake_case_name",
    ])
  func buttonsOnly(text: String) {
    let body = request(MessageContent(text: text, buttons: [[Self.button]])).body
    #expect(body["markdown"] == ["content": .string(text)])
    #expect(body["keyboard"]?["content"]?["rows"]?.array?.count == 1)
  }

  @Test(
    "T7: text that markup would change is sent as the text that it is, without buttons",
    arguments: [
      "see [x](http://a)", "[x][y]", "[x]: http://a", "![](http://a)", "a *b* c", "a **b** c", "`rm -rf`", "~~not~~", "_a_",
      "x _a b_",
      "# title", "> quoted", "- item", "+ item", "1. item", "1) item", "---", "===", "    code", "\tcode", "a | b", "back\\slash",
      "&lt;b&gt;", "&#64;all", "fine\n# title", "*",
    ])
  func markupInText(text: String) {
    let body = request(MessageContent(text: text, buttons: [[Self.button]])).body
    #expect(body["msg_type"] == 0)
    #expect(body["content"] == .string(text))
    #expect(body["markdown"] == nil && body["keyboard"] == nil)
  }

  @Test("T7: a tag or a call to all in somebody's words is no mention", arguments: ["<@!123> hi", "<qqbot-at-everyone /> hi"])
  func mentionInText(text: String) {
    for buttons in [[], [[Self.button]]] {
      let body = request(MessageContent(text: text, buttons: buttons)).body
      #expect(
        body["content"] == .string("\u{ff1c}" + text.dropFirst()) || body["markdown"]?["content"]?.string?.contains("<") == false)
    }
  }

  @Test("a keyboard has five rows of five at most")
  func keyboardLimit() {
    let row = Array(repeating: MessageContent.Button(label: "a", data: "b"), count: 7)
    let rows = QQKeyboard.json(Array(repeating: row, count: 7))?["content"]?["rows"]?.array
    #expect(rows?.count == 5)
    #expect(rows?.allSatisfy { $0["buttons"]?.array?.count == 5 } == true)
    #expect(QQKeyboard.json([]) == nil)
    #expect(QQKeyboard.json([[]]) == nil)
  }

  @Test("an answer names a message or an event, and only the former is recognised when repeated")
  func references() {
    let event = request(MessageContent(text: "t"), answers: MessageReference(messageID: "INTERACTION_CREATE:1", kind: .event))
    #expect(event.body["event_id"] == "INTERACTION_CREATE:1")
    #expect(event.body["msg_id"] == nil)
    #expect(event.body["msg_seq"] == 3)
    #expect(!event.isRepeatable)
    #expect(request(MessageContent(text: "t")).isRepeatable)
  }

  @Test(
    "quotes by what the scene understands",
    arguments: [
      (Scene(.group, "G"), "REFIDX_x==", ["message_id": "REFIDX_x=="] as JSON?), (Scene(.group, "G"), "ROBOT1.0_m", nil),
      (Scene(.guild, "1"), "08m", ["message_id": "08m", "ignore_get_message_error": true] as JSON?),
    ])
  func quotes(scene: Scene, quoted: String, expected: JSON?) {
    #expect(request(MessageContent(text: "t", quotes: quoted), to: scene).body["message_reference"] == expected)
  }

  @Test("media are shown by the name that their upload gave them, with the words beside them")
  func media() {
    let image = MessageContent.Media(kind: .image, source: .url("https://example.com/a.png"))
    #expect(
      request(MessageContent(text: "", media: image), fileInfo: "f").body
        == ["msg_type": 7, "content": " ", "media": ["file_info": "f"], "msg_id": "m", "msg_seq": 3])
    #expect(
      request(MessageContent(text: "look", media: image), form: .plain).body
        == ["msg_type": 0, "content": "look", "msg_id": "m", "msg_seq": 3])
  }

  @Test("a guild takes images by URL and as a form, and words for everything else")
  func guildMedia() throws {
    let scene = Scene(.guild, "7")
    let byURL = MessageContent.Media(kind: .image, source: .url("https://example.com/a.png"))
    #expect(
      request(MessageContent(text: "look", media: byURL), to: scene).body
        == ["content": "look", "image": "https://example.com/a.png", "msg_id": "m"])
    let bytes = MessageContent.Media(kind: .image, source: .bytes(Array("PNG".utf8)), name: "a\".png")
    let payload = try #require(request(MessageContent(text: "look", media: bytes), to: scene).payload)
    #expect(payload.type.hasPrefix("multipart/form-data; boundary="))
    let form = String(decoding: payload.bytes, as: UTF8.self)
    #expect(form.contains("name=\"content\"\r\n\r\nlook\r\n"))
    #expect(form.contains("name=\"file_image\"; filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\nPNG\r\n"))
    let voice = MessageContent.Media(kind: .voice, source: .url("https://example.com/a.silk"))
    #expect(request(MessageContent(text: "[voice]", media: voice), to: scene).body == ["content": "[voice]", "msg_id": "m"])
  }

  @Test(
    "a message is taken back at the path of its scene",
    arguments: [
      (Scene(.group, "G"), "ROBOT1.0_a!", "/v2/groups/G/messages/ROBOT1.0_a%21"),
      (Scene(.private, "A"), "..", "/v2/users/A/messages/%2E%2E"),
      (Scene(.guild, "1"), "08/m", "/channels/1/messages/08%2Fm?hidetip=false"),
      (Scene(.guildPrivate, "2"), "08m", "/dms/2/messages/08m?hidetip=false"),
    ])
  func recall(scene: Scene, id: String, path: String) {
    let request = QQSendRequest(rich(.recall(messageID: id), to: scene, answers: nil))
    #expect(request.method == .DELETE)
    #expect(request.path == path)
    #expect(request.payload == nil)
    #expect(request.isRepeatable)
  }

  @Test(
    "links are made unclickable, and numbers stay as they are",
    arguments: [
      ("see https://a.example.com/x.html now 3.14", "see https：//a．example．com/x．html now 3.14"),
      ("http://1.2.3.4", "http：//1．2．3．4"), ("v1.2.3。a.cn 好", "v1.2.3。a．cn 好"), ("end.", "end."),
    ])
  func unlinked(text: String, expected: String) {
    #expect(QQSendRequest.unlinked(text) == expected)
  }

  @Test("the parts of an upload cover the file exactly, in the platform's own numbers")
  func uploadPlan() throws {
    func plan(_ text: String, size: Int = 10, isSecure: Bool = true) throws -> QQUploadPlan? {
      QQUploadPlan(parsing: try JSON(parsing: text), size: size, isSecure: isSecure)
    }
    let good = try plan(
      #"{"upload_id":"u","block_size":"4","parts":[{"index":2,"presigned_url":"https://b"},{"index":1,"presigned_url":"https://a"},{"index":3,"presigned_url":"https://c"}]}"#
    )
    #expect(good?.parts.map(\.range) == [0..<4, 4..<8, 8..<10])
    #expect(good?.parts.map(\.url) == ["https://a", "https://b", "https://c"])
    #expect(good?.parts.map(\.index) == [1, 2, 3])
    let one = #"{"upload_id":"u","block_size":10,"parts":[{"index":0,"presigned_url":"http://a"}]}"#
    #expect(try plan(one) == nil)
    #expect(try plan(one, isSecure: false) != nil)
    #expect(try plan(one, size: 11, isSecure: false) == nil)
    #expect(try plan(#"{"upload_id":"u","parts":[]}"#) == nil)
  }

  @Test("an uploaded file is used again until shortly before it ends, and few are remembered")
  func fileCache() {
    var cache = QQFileCache()
    let now = Timestamp(seconds: 1000)
    func key(_ name: String, _ kind: Scene.Kind = .group) -> QQFileCache.Key {
      .init(MessageContent.Media(kind: .image, source: .url(name)), kind)
    }
    cache.store("f", for: key("a"), lifetime: .seconds(300), at: now)
    #expect(cache.info(for: key("a"), at: now.advanced(by: .seconds(239))) == "f")
    #expect(cache.info(for: key("a"), at: now.advanced(by: .seconds(241))) == nil)
    #expect(cache.info(for: key("a", .private), at: now) == nil)
    cache.forget(key("a"))
    #expect(cache.info(for: key("a"), at: now) == nil)
    for index in 0..<300 { cache.store("f", for: key("\(index)"), lifetime: .zero, at: now) }
    #expect(cache.count == QQFileCache.limit)
  }
}

@Suite("QQ sending", .timeLimit(.minutes(5)))
struct QQSendingTests {
  private static let messages = QQDelivererTests.groupPath
  private static let files = "/v2/groups/7D1C/files"
  private static let scene = Scene(.group, "7D1C")

  private func deliver(
    _ content: MessageContent, _ script: [String: [FakePlatform.Reply]]
  ) async throws -> (result: Result<DeliveryReceipt, DeliveryError>, requests: [FakePlatform.Request]) {
    let (result, requests) = try await QQDelivererTests().deliver(rich(.message(content), to: Self.scene), script)
    return (result, requests.filter { $0.path != "/token" })
  }

  @Test("refused markup is sent as plain words under the same number", arguments: [304_036, 304_037, 40_034_090, 40_034_008])
  func markdownFallback(code: Int64) async throws {
    let (result, requests) = try await deliver(
      MessageContent(text: "plain", markdown: "**rich**"),
      [Self.messages: [.json(["err_code": .integer(code)], status: 400), .json(["id": "sent"])]])
    #expect(result == .success(DeliveryReceipt(messageID: "sent")))
    #expect(requests.map { $0.body?["msg_type"] } == [2, 0])
    #expect(requests.map { $0.body?["msg_seq"] } == [3, 3])
    #expect(requests.last?.body?["content"] == "plain")
  }

  @Test("a refused link is sent unclickable, once", arguments: [304_003, 40_054_010])
  func linkFallback(code: Int64) async throws {
    let refusal = FakePlatform.Reply.json(["code": .integer(code)], status: 400)
    let content = MessageContent(text: "see https://a.cn/x")
    let (result, requests) = try await deliver(content, [Self.messages: [refusal, .json(["id": "sent"])]])
    #expect(result == .success(DeliveryReceipt(messageID: "sent")))
    #expect(requests.map { $0.body?["content"] } == ["see https://a.cn/x", "see https：//a．cn/x"])
    let (refused, again) = try await deliver(content, [Self.messages: [refusal]])
    guard case .failure(let error) = refused else {
      Issue.record("delivered")
      return
    }
    #expect(error.advice == .giveUp)
    #expect(again.count == 2)
  }

  @Test("media are uploaded, sent, and uploaded once more when the platform forgot them")
  func media() async throws {
    let image = MessageContent.Media(kind: .image, source: .url("https://example.com/a.png"))
    let (result, requests) = try await deliver(
      MessageContent(text: "look", media: image),
      [
        Self.files: [.json(["file_info": "f1", "ttl": 600]), .json(["file_info": "f2", "ttl": 600])],
        Self.messages: [.json(["code": 304_080], status: 400), .json(["id": "sent"])],
      ])
    #expect(result == .success(DeliveryReceipt(messageID: "sent")))
    #expect(requests.map(\.path) == [Self.files, Self.messages, Self.files, Self.messages])
    #expect(requests.first?.body == ["file_type": 1, "url": "https://example.com/a.png", "srv_send_msg": false])
    #expect(requests.last?.body?["media"] == ["file_info": "f2"])
  }

  @Test("media that the platform does not take are replaced by the words")
  func mediaRefused() async throws {
    let file = MessageContent.Media(kind: .file, source: .bytes([1, 2, 3]), name: "a.bin")
    let (result, requests) = try await deliver(
      MessageContent(text: "a.bin: see the console", media: file),
      [Self.files: [.json(["code": 850_019], status: 400)], Self.messages: [.json(["id": "sent"])]])
    #expect(result == .success(DeliveryReceipt(messageID: "sent")))
    #expect(requests.first?.body == ["file_type": 4, "file_data": "AQID", "file_name": "a.bin", "srv_send_msg": false])
    #expect(requests.last?.body?["content"] == "a.bin: see the console")
    #expect(requests.last?.body?["msg_type"] == 0)
  }

  @Test("an upload without an answer is tried again: nothing was shown")
  func uploadLost() async throws {
    let image = MessageContent.Media(kind: .image, source: .url("https://example.com/a.png"))
    let (result, requests) = try await deliver(MessageContent(text: "", media: image), [Self.files: [.hangUp]])
    guard case .failure(let error) = result else {
      Issue.record("delivered")
      return
    }
    #expect(error.advice == .retry(after: nil))
    #expect(requests.map(\.path) == [Self.files])
  }

  @Test("large files go up in parts; a part that is not seen yet is told again")
  func parts() async throws {
    let bytes = (0..<(QQFiles.inlineLimit + 10)).map { UInt8(truncatingIfNeeded: $0) }
    let time = ManualClock()
    try await FakePlatform.run([
      "/token": QQDelivererTests.token, "/part/1": [.answer(status: 200, body: "")], "/part/2": [.answer(status: 200, body: "")],
      "/v2/groups/7D1C/upload_part_finish": [.json([:]), .json(["code": 40_093_001], status: 400), .json([:])],
      Self.files: [.json(["file_info": "f"])], Self.messages: [.json(["id": "sent"])],
    ]) { platform in
      let plan: JSON = [
        "upload_id": "u1", "block_size": .integer(1_000_000),
        "parts": [
          ["index": 1, "presigned_url": .string(platform.base + "/part/1")],
          ["index": 2, "presigned_url": .string(platform.base + "/part/2")],
        ],
      ]
      platform.reply(to: "/v2/groups/7D1C/upload_prepare", with: [.json(plan)])
      try await withHTTPClient { client in
        let configuration = try QQConfiguration(
          name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: platform.base, tokenURL: platform.base + "/token")
        let deliverer = QQDeliverer(configuration, client: client, wallClock: ManualWallClock(seconds: 0).clock, clock: time)
        let video = MessageContent.Media(kind: .video, source: .bytes(bytes), name: "v.mp4")
        async let receipt = deliverer.deliver(rich(.message(MessageContent(text: "", media: video)), to: Self.scene))
        await time.waitForSleepers(1)
        time.advance(by: .seconds(1))
        #expect(try await receipt == DeliveryReceipt(messageID: "sent"))
      }
      let prepare = platform.requests.first { $0.path.hasSuffix("upload_prepare") }?.body
      let md5 = Insecure.MD5.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
      #expect(prepare?["md5"]?.string == md5)
      #expect(prepare?["md5_10m"]?.string == md5)
      #expect(prepare?["sha1"]?.string == Insecure.SHA1.hash(data: bytes).map { String(format: "%02x", $0) }.joined())
      #expect(prepare?["file_size"] == .string(String(bytes.count)))
      #expect(platform.requests.filter { $0.method == "PUT" }.map(\.path) == ["/part/1", "/part/2"])
      let finished = platform.requests.filter { $0.path.hasSuffix("upload_part_finish") }.map { $0.body?["part_index"] }
      #expect(finished == [1, 2, 2])
      #expect(platform.requests.first { $0.path == Self.files }?.body?["upload_id"] == "u1")
    }
  }

  @Test("too long a text is refused clearly, and too long a markup gives way to the words")
  func tooLong() async throws {
    let long = String(repeating: "x", count: 2001)
    let (result, requests) = try await deliver(MessageContent(text: long), [:])
    guard case .failure(let error) = result else {
      Issue.record("delivered")
      return
    }
    #expect(error.code == "too_long")
    #expect(requests.isEmpty)
    let (sent, bodies) = try await deliver(
      MessageContent(text: "short", markdown: long), [Self.messages: [.json(["id": "sent"])]])
    #expect(sent == .success(DeliveryReceipt(messageID: "sent")))
    #expect(bodies.map { $0.body?["msg_type"] } == [0])
  }

  @Test("recalls report success without an id, and the platform's refusal")
  func recall() async throws {
    let path = Self.messages + "/ROBOT1.0_x"
    let message = rich(.recall(messageID: "ROBOT1.0_x"), to: Self.scene, answers: nil)
    for success in [FakePlatform.Reply.answer(status: 200, body: ""), .json([:]), .answer(status: 204, body: "")] {
      let (result, requests) = try await QQDelivererTests().deliver(message, [path: [success]])
      #expect(result == .success(DeliveryReceipt(messageID: nil)))
      #expect(requests.last?.method == "DELETE")
    }
    let (result, _) = try await QQDelivererTests().deliver(message, [path: [.json(["code": 306_011], status: 400)]])
    #expect(throws: DeliveryError.self) { try result.get() }
  }

  @Test(
    "shows that it works in private chats only, and says once what became of a press (T18)",
    arguments: [(PressOutcome.taken, Int64(0)), (.repeated, 3), (.refused, 4)])
  func presence(outcome: PressOutcome, code: Int64) async throws {
    let users = "/v2/users/A1/messages"
    try await FakePlatform.run([
      "/token": QQDelivererTests.token, users: [.json(["id": "x"])], "/interactions/i-1": [.answer(status: 204, body: "")],
    ]) { platform in
      try await withHTTPClient { client in
        let configuration = try QQConfiguration(
          name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: platform.base, tokenURL: platform.base + "/token")
        let deliverer = QQDeliverer(configuration, client: client)
        let person = Conversation(channel: "main", account: "11111111", scene: Scene(.private, "A1"))
        let group = Conversation(channel: "main", account: "11111111", scene: Self.scene)
        await deliverer.showTyping(in: person, answering: MessageReference(messageID: "m"), sequence: 9)
        await deliverer.showTyping(in: group, answering: MessageReference(messageID: "m"), sequence: 9)
        await deliverer.acknowledge(
          ButtonPress(interactionID: "i-1", buttonID: nil, mustBeAcknowledged: true), in: group, as: outcome)
        await deliverer.acknowledge(
          ButtonPress(interactionID: "i-2", buttonID: nil, mustBeAcknowledged: false), in: group, as: outcome)
      }
      let requests = platform.requests.filter { $0.path != "/token" }
      #expect(requests.map { "\($0.method) \($0.path)" } == ["POST " + users, "PUT /interactions/i-1"])
      #expect(
        requests.first?.body
          == ["msg_type": 6, "input_notify": ["input_type": 1, "input_second": 60], "msg_id": "m", "msg_seq": 9])
      #expect(requests.last?.body == ["code": .integer(code)])
    }
  }
}

func rich(
  _ content: OutboundContent, to scene: Scene, answers: MessageReference? = MessageReference(messageID: "m")
) -> OutboundMessage {
  OutboundMessage(
    id: 1, requestID: RequestID(), conversation: Conversation(channel: "main", account: "11111111", scene: scene),
    content: content, answers: answers, sequence: 3)
}

import AdapterHTTP
import Core
import TestSupport
import Testing

@testable import AdapterOneBot

@Suite("OneBot dialects", .timeLimit(.minutes(5)))
struct OneBotDialectTests {
  struct Habit: Sendable, CustomTestStringConvertible {
    let dialect: OneBotDialect
    /// Code of a failed action, and of an unknown one, over HTTP and over WebSocket.
    let failed: (http: String, socket: String)
    let unknown: (http: String, socket: String)

    var testDescription: String { dialect.name }
  }

  static let habits = [
    Habit(dialect: .napCat, failed: ("retcode_200", "retcode_1200"), unknown: ("retcode_200", "retcode_1404")),
    Habit(dialect: .llBot, failed: ("retcode_200", "retcode_1200"), unknown: ("retcode_404", "retcode_1404")),
    Habit(dialect: .snowLuma, failed: ("retcode_100", "retcode_100"), unknown: ("retcode_1404", "retcode_1404")),
    Habit(dialect: .lagrange, failed: ("retcode_200", "retcode_200"), unknown: ("retcode_404", "retcode_404")),
    Habit(dialect: .goCQHTTP, failed: ("retcode_100", "retcode_100"), unknown: ("retcode_1404", "retcode_1404")),
  ]

  private func deliver(
    _ content: OutboundContent = .text("hi"), scene: Scene = Scene(.group, "20002"), through api: Int, token: String = "tok"
  ) async throws -> Result<DeliveryReceipt, DeliveryError> {
    let configuration = try OneBotConfiguration(
      name: "napcat", accessTokens: [Secret(token)], apiBase: "http://127.0.0.1:\(api)")
    return try await withHTTPClient { client in
      let deliverer = OneBotDeliverer(configuration, accounts: OneBotAccounts(), client: client)
      return await Self.result { () throws(DeliveryError) in
        try await deliverer.deliver(outbound(scene, account: "10001", content: content))
      }
    }
  }

  private static func result(
    _ body: () async throws(DeliveryError) -> DeliveryReceipt
  ) async -> Result<DeliveryReceipt, DeliveryError> {
    do throws(DeliveryError) { return .success(try await body()) } catch { return .failure(error) }
  }

  @Test("are understood by HTTP", arguments: habits)
  func http(_ habit: Habit) async throws {
    let peer = OneBotSimulator(habit.dialect, token: "tok")
    try await peer.serveAPI { port in
      let sent = try await deliver(through: port).get()
      #expect(sent.messageID == (habit.dialect.hasNegativeIDs ? "-1" : "1"))

      let stranger = try await deliver(through: port, token: "other")
      guard case .failure(let unauthorized) = stranger else { throw Unexpected() }
      #expect(unauthorized.advice == .retry(after: .seconds(60)))
      #expect(unauthorized.code == "unauthorized")
      #expect(unauthorized.concernsAdmins)

      peer.refuse("send_group_msg")
      guard case .failure(let failed) = try await deliver(through: port) else { throw Unexpected() }
      #expect(failed.advice == .giveUp)
      #expect(failed.code == habit.failed.http)
      #expect(failed.message.hasSuffix(": told to"))

      peer.forget("send_group_msg")
      guard case .failure(let unknown) = try await deliver(through: port) else { throw Unexpected() }
      #expect(unknown.advice == .giveUp)
      #expect(unknown.code == habit.unknown.http)
    }
  }

  @Test("are understood by WebSocket", arguments: habits)
  func socket(_ habit: Habit) async throws {
    let peer = OneBotSimulator(habit.dialect)
    try await peer.listen { port in
      let configuration = try OneBotConfiguration(name: "napcat", url: "ws://127.0.0.1:\(port)")
      let accounts = OneBotAccounts()
      let log = StatusLog()
      let connector = OneBotConnector(configuration, accounts: accounts, client: try SocketClient())
      let task = Task { await connector.run(FakeIntake(), status: log.status) }
      #expect(await log.next() == "works")
      try await withHTTPClient { client in
        let deliverer = OneBotDeliverer(configuration, accounts: accounts, client: client)
        let message = outbound(Scene(.group, "20002"), account: "10001")
        let receipt = try await deliverer.deliver(message)
        #expect(receipt.messageID == (habit.dialect.hasNegativeIDs ? "-1" : "1"))
        for (prepare, code) in [(peer.refuse, habit.failed.socket), (peer.forget, habit.unknown.socket)] {
          prepare("send_group_msg")
          let error = await #expect(throws: DeliveryError.self) { try await deliverer.deliver(message) }
          #expect(error?.advice == .giveUp)
          #expect(error?.code == code)
        }
      }
      task.cancel()
      await task.value
    }
  }

  struct Unexpected: Error {}

  // MARK: What is sent

  struct Sending: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let content: OutboundContent
    let isGroup: Bool
    let actions: [(name: String, parameters: JSON)]
  }

  static let picture = MessageContent.Media(kind: .image, source: .bytes([1, 2, 3]))

  static func segment(_ type: String, _ data: JSON) -> JSON { ["type": .string(type), "data": data] }
  static func words(_ text: String) -> JSON { segment("text", ["text": .string(text)]) }

  static func media(_ kind: MessageContent.Media.Kind, _ url: String = "https://h/f", name: String? = nil) -> MessageContent.Media
  {
    MessageContent.Media(kind: kind, source: .url(url), name: name)
  }

  static let sendings = [
    Sending(
      testDescription: "a picture by bytes, with words and a quote",
      content: .message(MessageContent(text: "look", media: picture, quotes: "-77")), isGroup: true,
      actions: [
        (
          "send_group_msg",
          [
            "group_id": 20002,
            "message": [
              segment("reply", ["id": "-77"]), words("look"), segment("image", ["file": "base64://AQID"]),
            ],
          ]
        )
      ]),
    Sending(
      testDescription: "a voice message after its words",
      content: .message(MessageContent(text: "listen", media: media(.voice))), isGroup: false,
      actions: [
        ("send_private_msg", ["user_id": 20002, "message": [words("listen")]]),
        ("send_private_msg", ["user_id": 20002, "message": [segment("record", ["file": "https://h/f"])]]),
      ]),
    Sending(
      testDescription: "a video without words", content: .message(MessageContent(text: "", media: media(.video))), isGroup: true,
      actions: [("send_group_msg", ["group_id": 20002, "message": [segment("video", ["file": "https://h/f"])]])]),
    Sending(
      testDescription: "a file", content: .message(MessageContent(text: "", media: media(.file, name: "a\nb.pdf"))),
      isGroup: false,
      actions: [("upload_private_file", ["user_id": 20002, "file": "https://h/f", "name": "a b.pdf"])]),
    Sending(
      testDescription: "markup and buttons are left out",
      content: .message(
        MessageContent(text: "plain", markdown: "**plain**", buttons: [[.init(label: "Yes", data: "/yes")]])), isGroup: true,
      actions: [("send_group_msg", ["group_id": 20002, "message": [words("plain")]])]),
    Sending(
      testDescription: "a quote of something that has no OneBot id is left out",
      content: .message(MessageContent(text: "plain", quotes: "event")), isGroup: true,
      actions: [("send_group_msg", ["group_id": 20002, "message": [words("plain")]])]),
    Sending(
      testDescription: "a path is never sent, but the words are",
      content: .message(MessageContent(text: "plain", media: media(.image, "file:///etc/passwd"))), isGroup: true,
      actions: [("send_group_msg", ["group_id": 20002, "message": [words("plain")]])]),
    Sending(
      testDescription: "a recall", content: .recall(messageID: "-9"), isGroup: true,
      actions: [("delete_msg", ["message_id": -9])]),
  ]

  @Test("content becomes actions", arguments: sendings)
  func contents(_ sending: Sending) async throws {
    let scene = Scene(sending.isGroup ? .group : .private, "20002")
    let list = try OneBotSendAction.list(for: outbound(scene, content: sending.content))
    #expect(list.map(\.name) == sending.actions.map(\.name))
    #expect(list.map(\.parameters) == sending.actions.map(\.parameters))

    let peer = OneBotSimulator(.napCat, token: "tok")
    try await peer.serveAPI { port in
      _ = try await deliver(sending.content, scene: scene, through: port).get()
    }
    for action in sending.actions { #expect(await peer.next { _ in true }?.action == action.name) }
  }

  @Test(
    "what cannot be sent is given up",
    arguments: [
      (OutboundContent.recall(messageID: "x"), "target_invalid"),
      (.message(MessageContent(text: "", media: media(.image, "/etc/passwd"))), "media_invalid"),
      (
        .message(
          MessageContent(
            text: "",
            media: .init(kind: .file, source: .bytes(Array(repeating: 0, count: OneBotSendAction.mostBytes + 1))))),
        "media_too_large"
      ),
    ])
  func impossible(content: OutboundContent, code: String) throws {
    let error = #expect(throws: DeliveryError.self) {
      try OneBotSendAction.list(for: outbound(Scene(.group, "1"), content: content))
    }
    #expect(error?.advice == .giveUp)
    #expect(error?.code == code)
  }

  @Test("a file goes as a segment where uploading is unknown", arguments: [OneBotDialect.llBot, .snowLuma, .lagrange, .goCQHTTP])
  func fileWithoutUpload(dialect: OneBotDialect) async throws {
    let peer = OneBotSimulator(dialect, token: "tok")
    peer.forget("upload_group_file")
    try await peer.serveAPI { port in
      let content = MessageContent(text: "", media: Self.media(.file, name: "a.pdf"))
      _ = try await deliver(.message(content), through: port).get()
    }
    #expect(await peer.next { _ in true }?.action == "upload_group_file")
    let message = try #require(await peer.nextMessage())
    #expect(message.segments == [Self.segment("file", ["file": "https://h/f", "name": "a.pdf"])])
  }

  @Test("a video that fails after its words went out is no reason to say the words again")
  func partial() async throws {
    let peer = OneBotSimulator(.napCat, token: "tok")
    peer.refuse("upload_group_file")
    try await peer.serveAPI { port in
      let content = MessageContent(text: "here", media: Self.media(.file))
      let receipt = try await deliver(.message(content), through: port).get()
      #expect(receipt.messageID == "1")
    }
  }
}

import Core
import Testing

@testable import AdapterOneBot

@Suite("OneBot deliverer", .timeLimit(.minutes(5)))
struct OneBotDelivererTests {
  private static let group = Scene(.group, "20002")

  private func deliver(
    _ message: OutboundMessage, reply: FakePlatform.Reply, token: String? = "tok"
  ) async throws -> (result: Result<DeliveryReceipt, DeliveryError>, requests: [FakePlatform.Request]) {
    try await FakePlatform.run(["/send_group_msg": [reply], "/send_private_msg": [reply]]) { platform in
      try await withHTTPClient { client in
        let configuration = try OneBotConfiguration(
          name: "napcat", accessTokens: token.map { [Secret($0)] } ?? [], apiBase: platform.base)
        let deliverer = OneBotDeliverer(configuration, accounts: OneBotAccounts(), client: client)
        do throws(DeliveryError) {
          return (.success(try await deliverer.deliver(message)), platform.requests)
        } catch {
          return (.failure(error), platform.requests)
        }
      }
    }
  }

  @Test("sends arrays with numeric ids, so that text stays text")
  func action() throws {
    let text = "[CQ:at,qq=all] <&>"
    let segments: JSON = [["type": "text", "data": ["text": .string(text)]]]
    let group = try #require(try OneBotSendAction.list(for: outbound(Self.group, text: text)).first)
    #expect(group.name == "send_group_msg")
    #expect(group.parameters == ["group_id": 20002, "message": segments])
    let direct = try #require(try OneBotSendAction.list(for: outbound(Scene(.private, "4294967295"), text: text)).first)
    #expect(direct.name == "send_private_msg")
    #expect(direct.parameters == ["user_id": 4_294_967_295, "message": segments])
  }

  @Test("an answer to somebody who is no friend names the group over which the chat runs, until they are friends")
  func temporaryChat() async throws {
    let accounts = OneBotAccounts()
    let configuration = try OneBotConfiguration(name: "napcat")
    let session = try OneBotChannel(configuration, accounts: accounts, clock: ManualClock()).session(
      for: SocketRequest(headers: ["x-self-id": "10001"], endpoint: "", query: [:], remoteAddress: "127.0.0.1"))
    let socket = FakeSocket()
    await session.opened(socket)
    for (group, expected) in [(JSON.integer(20002), JSON.integer(20002)), (.null, nil)] as [(JSON, JSON?)] {
      let event: JSON = [
        "time": 1, "self_id": 10001, "post_type": "message", "message_type": "private", "sub_type": "group", "message_id": 1,
        "user_id": 30003, "group_id": group, "message": "hi", "sender": [:],
      ]
      _ = try await session.interpret(event, receivedAt: Timestamp(seconds: 1), requestID: RequestID())
      try await withHTTPClient { client in
        let deliverer = OneBotDeliverer(configuration, accounts: accounts, client: client)
        async let receipt = deliverer.deliver(outbound(Scene(.private, "30003"), account: "10001"))
        let frame = try #require(await socket.next(1).first)
        #expect(frame["action"] == "send_private_msg")
        #expect(frame["params"]?["group_id"] == expected)
        _ = try await session.interpret(
          ["status": "ok", "retcode": 0, "data": ["message_id": 1], "echo": frame["echo"] ?? .null],
          receivedAt: Timestamp(seconds: 1), requestID: RequestID())
        _ = try await receipt
      }
    }
  }

  @Test(
    "gives up on targets that OneBot cannot have",
    arguments: [
      (Scene(.guild, "1"), "scene_unsupported"), (Scene(.group, "abc"), "target_invalid"),
      (Scene(.group, "-1"), "target_invalid"),
      (Scene(.private, "99999999999999999999"), "target_invalid"),
    ])
  func badTargets(scene: Scene, code: String) {
    let error = #expect(throws: DeliveryError.self) { try OneBotSendAction.list(for: outbound(scene)) }
    #expect(error?.advice == .giveUp)
    #expect(error?.code == code)
  }

  @Test("goes through the account's socket when there is one")
  func socket() async throws {
    let accounts = OneBotAccounts()
    let configuration = try OneBotConfiguration(name: "napcat")
    let channel = OneBotChannel(configuration, accounts: accounts, clock: ManualClock())
    let session = try channel.session(
      for: SocketRequest(headers: ["x-self-id": "10001"], endpoint: "", query: [:], remoteAddress: "127.0.0.1"))
    let socket = FakeSocket()
    await session.opened(socket)
    try await withHTTPClient { client in
      let deliverer = OneBotDeliverer(configuration, accounts: accounts, client: client)
      #expect(!deliverer.recognisesRepeats)
      async let receipt = deliverer.deliver(outbound(Self.group, account: "10001"))
      let frame = try #require(await socket.next(1).first)
      #expect(frame["action"] == "send_group_msg")
      _ = try await session.interpret(
        ["status": "ok", "retcode": 0, "data": ["message_id": -77], "echo": frame["echo"] ?? .null],
        receivedAt: Timestamp(seconds: 0), requestID: RequestID())
      #expect(try await receipt == DeliveryReceipt(messageID: "-77"))

      let other = await #expect(throws: DeliveryError.self) {
        try await deliverer.deliver(outbound(Self.group, account: "10002"))
      }
      #expect(other?.advice == .retry(after: nil))
      #expect(other?.code == "not_connected")
    }
  }

  @Test("a socket that closes before the answer leaves the outcome open")
  func lostSocket() async throws {
    let accounts = OneBotAccounts()
    let configuration = try OneBotConfiguration(name: "napcat")
    let channel = OneBotChannel(configuration, accounts: accounts, clock: ManualClock())
    let session = try channel.session(
      for: SocketRequest(headers: ["x-self-id": "10001"], endpoint: "", query: [:], remoteAddress: "127.0.0.1"))
    let socket = FakeSocket()
    await session.opened(socket)
    try await withHTTPClient { client in
      let deliverer = OneBotDeliverer(configuration, accounts: accounts, client: client)
      let delivery = Task { try await deliverer.deliver(outbound(Self.group, account: "10001")) }
      _ = await socket.next(1)
      await session.closed()
      let error = await #expect(throws: DeliveryError.self) { try await delivery.value }
      #expect(error?.advice == .ambiguous)
    }
  }

  @Test("uses the HTTP API without a socket")
  func http() async throws {
    let (result, requests) = try await deliver(
      outbound(Self.group), reply: .json(["status": "ok", "retcode": 0, "data": ["message_id": 5]]))
    #expect(result == .success(DeliveryReceipt(messageID: "5")))
    let request = try #require(requests.first)
    #expect(request.path == "/send_group_msg")
    #expect(request.headers["authorization"] == "Bearer tok")
    #expect(request.body?["group_id"] == 20002)
  }

  @Test("sends no credentials where none are configured")
  func withoutToken() async throws {
    let (_, requests) = try await deliver(outbound(Self.group), reply: .json(["status": "ok", "retcode": 0]), token: nil)
    #expect(try #require(requests.first).headers["authorization"] == nil)
  }

  @Test(
    "reads every dialect's failures",
    arguments: [
      (200, #"{"status":"async","retcode":1,"data":null}"#, nil as DeliveryError.Advice?), (200, #"{"retcode":0}"#, nil),
      (200, #"{"status":"failed","retcode":200}"#, .giveUp), (200, #"{"status":"failed","retcode":100}"#, .giveUp),
      (200, #"{"status":"failed","retcode":1404}"#, .giveUp),
      (200, #"{"status":"failed","retcode":1403}"#, .retry(after: .seconds(60))),
      (401, "", .retry(after: .seconds(60))), (403, #"{"message":"token"}"#, .retry(after: .seconds(60))), (404, "", .giveUp),
      (400, "", .giveUp), (406, "", .giveUp), (429, "", .retry(after: nil)), (502, "<html>", .ambiguous), (200, "ok", .ambiguous),
    ])
  func failures(status: Int, body: String, advice: DeliveryError.Advice?) async throws {
    let (result, _) = try await deliver(outbound(Self.group), reply: .answer(status: status, body: body))
    switch result {
    case .success: #expect(advice == nil)
    case .failure(let error): #expect(error.advice == advice)
    }
  }

  @Test("no answer leaves the outcome open; no connection does not")
  func noAnswer() async throws {
    let (result, _) = try await deliver(outbound(Self.group), reply: .hangUp)
    #expect(result == .failure(DeliveryError(.ambiguous, code: "no_answer", message: "no answer to send_group_msg in time")))

    let closed = try await FakePlatform.run([:]) { $0.base }
    try await withHTTPClient { client in
      let deliverer = OneBotDeliverer(
        try OneBotConfiguration(name: "napcat", apiBase: closed), accounts: OneBotAccounts(), client: client)
      let error = await #expect(throws: DeliveryError.self) { try await deliverer.deliver(outbound(Self.group)) }
      #expect(error?.advice == .retry(after: nil))
      #expect(error?.code == "not_connected")
    }
  }
}

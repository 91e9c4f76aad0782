import AdapterHTTP
import Core
import Synchronization
import TestSupport
import Testing

@testable import AdapterOneBot

/// Takes every frame as the gateway does, but keeps the events.
final class FakeIntake: FrameIntake {
  let events: AsyncStream<ChatEvent>
  private let sink: AsyncStream<ChatEvent>.Continuation

  init() {
    (events, sink) = AsyncStream.makeStream()
  }

  func admit(frame: [UInt8], of session: some SocketSession, channel: String) async -> FrameVerdict {
    guard let document = try? JSON(parsing: frame) else {
      return .malformed(Refusal(status: 400, code: "json_syntax", message: ""))
    }
    do throws(Refusal) {
      let now = WallClock.system.now()
      if case .event(let event) = try await session.interpret(document, receivedAt: now, requestID: RequestID()) {
        sink.yield(event)
      }
      return .taken
    } catch {
      return .refused(error)
    }
  }

  func nextEvent() async -> ChatEvent? {
    for await event in events { return event }
    return nil
  }
}

/// What a channel said about itself; nil is "works".
final class StatusLog: Sendable {
  let reports: AsyncStream<String?>
  private let sink: AsyncStream<String?>.Continuation

  init() {
    (reports, sink) = AsyncStream.makeStream()
  }

  var status: ChannelStatus { ChannelStatus { [sink] in sink.yield($0) } }

  func next() async -> String? {
    for await report in reports { return report ?? "works" }
    return nil
  }
}

@Suite("OneBot forward WebSocket", .timeLimit(.minutes(5)))
struct OneBotConnectorTests {
  private static let client = Result { try SocketClient() }

  private let accounts = OneBotAccounts()
  private let clock = ManualClock()
  private let intake = FakeIntake()
  private let log = StatusLog()

  /// Runs the connector against `port` while `body` runs.
  private func run(
    port: Int, token: String? = nil, separate: Bool = false, _ body: () async throws -> Void
  ) async throws {
    let configuration = try OneBotConfiguration(
      name: "napcat", accessTokens: token.map { [Secret($0)] } ?? [], url: "ws://127.0.0.1:\(port)", separatesEvents: separate)
    let connector = OneBotConnector(
      configuration, accounts: accounts, client: try Self.client.get(), clock: clock, jitter: { 1 })
    let task = Task { [intake, log] in await connector.run(intake, status: log.status) }
    do { try await body() } catch {
      task.cancel()
      throw error
    }
    task.cancel()
    await task.value
  }

  @Test(
    "connects, learns whose account it is, brings events and takes actions",
    arguments: OneBotDialect.all, [OneBotSockets.universal, .separate])
  func conversation(dialect: OneBotDialect, sockets: OneBotSockets) async throws {
    let peer = OneBotSimulator(dialect, token: "tok")
    try await peer.listen { port in
      try await run(port: port, token: "tok", separate: sockets == .separate) {
        #expect(await peer.next { $0.action == "get_login_info" } != nil)
        #expect(await log.next() == "works")
        // Two sockets become ready in either order.
        while await accounts.caller(for: "10001") == nil { await Task.yield() }
        await peer.waitForApplication()
        await peer.say("你好", group: 20002)
        let event = try #require(await intake.nextEvent())
        #expect(event.text == "你好")
        #expect(event.conversation.scene == Scene(.group, "20002"))
        try await withHTTPClient { client in
          let deliverer = OneBotDeliverer(try OneBotConfiguration(name: "napcat"), accounts: accounts, client: client)
          let receipt = try await deliverer.deliver(outbound(event.conversation.scene, account: "10001", text: "再见"))
          #expect(receipt.messageID != nil)
        }
        #expect(await peer.nextMessage()?.text == "再见")
      }
    }
    #expect(await accounts.caller(for: "10001") == nil)
  }

  @Test("a wrong token is told apart, however it is said", arguments: OneBotDialect.all)
  func wrongToken(dialect: OneBotDialect) async throws {
    let peer = OneBotSimulator(dialect, token: "right")
    try await peer.listen { port in
      try await run(port: port, token: "wrong") {
        #expect(await log.next()?.contains("refuses the access token") == true)
        await clock.waitForSleepers(1)
      }
    }
  }

  @Test("connects again after the connection ended, and a call that waited fails")
  func reconnection() async throws {
    let attempts = Mutex(0)
    try await RawServer.run { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await socket.accept(WebSocketPeer.acceptance(of: socket.headers["sec-websocket-key"] ?? ""))
      attempts.withLock { $0 += 1 }
      while let text = await socket.listen(), let frame = try? JSON(parsing: text) {
        // Answers the login alone; the next action finds the connection broken.
        guard frame["action"] == "get_login_info" else { return }
        let answer: JSON = ["status": "ok", "retcode": 0, "data": ["user_id": 10001], "echo": frame["echo"] ?? .null]
        await socket.say(answer.canonical)
      }
    } _: { port in
      try await run(port: port) {
        for round in 1...3 {
          #expect(await log.next() == "works")
          let session = try #require(await accounts.caller(for: "10001"))
          let error = await #expect(throws: OneBotSession.CallError.self) { try await session.call("get_status", [:]) }
          #expect(error == .connectionLost)
          #expect(await log.next()?.contains("the connection ended") == true)
          #expect(attempts.withLock { $0 } == round)
          await clock.waitForSleepers(1)
          clock.advance(by: .seconds(1))
        }
      }
    }
  }

  @Test("a server that answers nothing is left after the time for get_login_info")
  func silentServer() async throws {
    try await RawServer.run { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await socket.accept(WebSocketPeer.acceptance(of: socket.headers["sec-websocket-key"] ?? ""))
      while await socket.listen() != nil {}
      await socket.close(1000)
    } _: { port in
      try await run(port: port) {
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(10))
        #expect(await log.next()?.contains("no connection") == true)
      }
    }
  }

  @Test("a server that speaks no JSON is left after five frames, and told why")
  func malformed() async throws {
    let closings = AsyncStream.makeStream(of: Int?.self)
    try await RawServer.run { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await socket.accept(WebSocketPeer.acceptance(of: socket.headers["sec-websocket-key"] ?? ""))
      _ = await socket.listen()
      for _ in 0..<5 { await socket.say("hello") }
      closings.continuation.yield(await socket.read()?.code)
      await socket.close(1000)
    } _: { port in
      try await run(port: port) {
        for await code in closings.stream {
          #expect(code == 1008)
          break
        }
        #expect(await log.next()?.contains("no connection") == true)
      }
    }
  }

  @Test("a socket that the peer opened does not mend the connection that we cannot make")
  func bothDirections() async throws {
    let configuration = try OneBotConfiguration(name: "napcat")
    accounts.condition.observe(by: log.status)
    accounts.condition.report("no connection", of: .connection("universal"))
    let session = try OneBotChannel(configuration, accounts: accounts).session(
      for: SocketRequest(headers: ["x-self-id": "10001"], endpoint: "", query: [:], remoteAddress: "127.0.0.1"))
    await session.opened(FakeSocket())
    accounts.condition.report(nil, of: .connection("universal"))
    #expect(await log.next() == "no connection")
    #expect(await log.next() == "works")
  }

  @Test("the account is known from an event too, where get_login_info is not")
  func eventFirst() async throws {
    let peer = OneBotSimulator(.snowLuma)
    peer.forget("get_login_info")
    try await peer.listen { port in
      try await run(port: port) {
        #expect(await log.next() == "works")
        #expect(await accounts.caller(for: "10001") != nil)
      }
    }
  }

  @Test("waits grow to 30 s, begin anew after a good connection, and are 60 s after wrong credentials")
  func waits() {
    var reconnection = OneBotReconnection()
    let failed = OneBotConnectionEnd.failed(reason: "")
    let waits = (0..<7).map { _ in reconnection.wait(after: failed) }
    #expect(waits == [1, 2, 5, 10, 30, 30, 30].map { .seconds($0) })
    #expect(reconnection.wait(after: .lost(reason: "")) == .seconds(1))
    #expect(reconnection.wait(after: failed) == .seconds(2))
    #expect(reconnection.wait(after: .credentials) == .seconds(60))
    #expect(reconnection.wait(after: failed) == .seconds(1))
  }
}

@Suite("OneBot watchdog", .timeLimit(.minutes(5)))
struct OneBotWatchdogTests {
  @Test("nothing is expected of a peer that sends no heartbeats")
  func withoutHeartbeat() {
    var watchdog = OneBotWatchdog()
    watchdog.heard(at: .seconds(1))
    #expect(watchdog.patience(at: .seconds(100_000)) == nil)
  }

  @Test(
    "silence is bearable for three intervals, and for a minute at least",
    arguments: [(5, 60), (20, 60), (30, 90), (100_000, 10_800), (nil, 60), (-7, 60)] as [(Int?, Int)])
  func limits(interval: Int?, limit: Int) {
    var watchdog = OneBotWatchdog()
    watchdog.heardHeartbeat(every: interval.map { .seconds($0) }, at: .seconds(10))
    #expect(watchdog.patience(at: .seconds(10)) == .seconds(limit))
    watchdog.heard(at: .seconds(15))
    #expect(watchdog.patience(at: .seconds(15 + limit)) == .zero)
  }

  @Test("a socket whose peer fell silent after a heartbeat is closed")
  func session() async throws {
    let clock = ManualClock()
    let channel = OneBotChannel(try OneBotConfiguration(name: "napcat"), accounts: OneBotAccounts(), clock: clock)
    let session = try channel.session(
      for: SocketRequest(headers: ["x-self-id": "10001"], endpoint: "", query: [:], remoteAddress: "127.0.0.1"))
    let socket = FakeSocket()
    await session.opened(socket)
    let heartbeat: JSON = [
      "time": 1, "self_id": 10001, "post_type": "meta_event", "meta_event_type": "heartbeat", "interval": 30_000,
      "status": ["online": true, "good": true],
    ]
    _ = try await session.interpret(heartbeat, receivedAt: Timestamp(seconds: 1), requestID: RequestID())
    await clock.waitForSleepers(1)
    clock.advance(by: .seconds(80))
    _ = try await session.interpret(heartbeat, receivedAt: Timestamp(seconds: 1), requestID: RequestID())
    clock.advance(by: .seconds(10))
    await clock.waitForSleepers(1)
    clock.advance(by: .seconds(80))
    var closings = socket.closings.makeAsyncIterator()
    #expect(await closings.next() == 1008)
    await session.closed()
  }
}

@Suite("OneBot accounts that are offline", .timeLimit(.minutes(5)))
struct OneBotConditionTests {
  private func meta(_ online: JSON) throws -> OneBotFrame {
    try OneBotFrame(parsing: [
      "time": 1, "self_id": 10001, "post_type": "meta_event", "meta_event_type": "heartbeat", "interval": 5000,
      "status": ["online": online, "good": true],
    ])
  }

  @Test("an account is offline from the heartbeat that says so to the one that takes it back; null changes nothing")
  func heartbeats() async throws {
    let condition = OneBotCondition()
    let log = StatusLog()
    condition.observe(by: log.status)
    for (online, isOffline) in [(true, false), (false, true), (.null, true), (false, true), (true, false)] as [(JSON, Bool)] {
      condition.heard(try meta(online))
      #expect(condition.isOffline("10001") == isOffline)
    }
    #expect(await log.next()?.contains("10001 is offline") == true)
    #expect(await log.next() == "works")
  }

  @Test("the most important of several problems is told, and the next when it is mended")
  func several() async {
    let condition = OneBotCondition()
    let log = StatusLog()
    condition.observe(by: log.status)
    condition.report("b", of: .account("1"))
    condition.report("a", of: .connection("universal"))
    condition.report(nil, of: .connection("universal"))
    condition.report(nil, of: .account("1"))
    for expected in ["b", "a", "b", "works"] { #expect(await log.next() == expected) }
  }

  @Test("nothing is sent by an account that is logged out")
  func deliverer() async throws {
    let accounts = OneBotAccounts()
    let configuration = try OneBotConfiguration(name: "napcat", apiBase: "http://127.0.0.1:1")
    let channel = OneBotChannel(configuration, accounts: accounts)
    let request = WebhookRequest(headers: [:], body: [], remoteAddress: "127.0.0.1", receivedAt: Timestamp(seconds: 1))
    let offline: JSON = [
      "time": 1, "self_id": 10001, "post_type": "notice", "notice_type": "bot_offline", "user_id": 10001, "tag": "t",
      "message": "m",
    ]
    _ = try channel.interpret(offline, of: request, authentication: .verified, requestID: RequestID())
    try await withHTTPClient { client in
      let deliverer = OneBotDeliverer(configuration, accounts: accounts, client: client)
      let error = await #expect(throws: DeliveryError.self) {
        try await deliverer.deliver(outbound(Scene(.group, "20002"), account: "10001"))
      }
      #expect(error?.code == "account_offline")
      #expect(error?.advice == .retry(after: nil))
      #expect(error?.concernsAdmins == true)
      let other = await #expect(throws: DeliveryError.self) {
        try await deliverer.deliver(outbound(Scene(.group, "20002"), account: "10002"))
      }
      #expect(other?.code == "not_connected")
    }
  }
}

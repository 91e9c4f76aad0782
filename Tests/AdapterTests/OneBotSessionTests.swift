import Core
import Synchronization
import Testing

@testable import AdapterOneBot

/// A socket that keeps what it was given.
final class FakeSocket: TextSocket {
  struct Closed: Error {}

  let frames: AsyncStream<JSON>
  let closings: AsyncStream<UInt16>
  private let frameSink: AsyncStream<JSON>.Continuation
  private let closingSink: AsyncStream<UInt16>.Continuation
  private let isBroken: Bool

  init(isBroken: Bool = false) {
    self.isBroken = isBroken
    (frames, frameSink) = AsyncStream.makeStream()
    (closings, closingSink) = AsyncStream.makeStream()
  }

  func send(_ text: String) async throws {
    if isBroken { throw Closed() }
    frameSink.yield(try JSON(parsing: text))
  }

  func close(code: UInt16, reason: String) async {
    closingSink.yield(code)
  }

  /// The next `count` frames.
  func next(_ count: Int) async -> [JSON] {
    var collected: [JSON] = []
    for await frame in frames {
      collected.append(frame)
      if collected.count == count { break }
    }
    return collected
  }
}

@Suite("OneBot sessions", .timeLimit(.minutes(5)))
struct OneBotSessionTests {
  private let accounts = OneBotAccounts()
  private let clock = ManualClock()
  private let now = Timestamp(seconds: 1_780_000_000)

  private func session(_ selfID: String = "10001", role: String? = nil) throws -> OneBotSession {
    let channel = OneBotChannel(try OneBotConfiguration(name: "napcat"), accounts: accounts, clock: clock)
    var headers = ["x-self-id": selfID]
    headers["x-client-role"] = role
    let request = SocketRequest(headers: headers, endpoint: "", query: [:], remoteAddress: "127.0.0.1")
    return try #require(try channel.session(for: request) as? OneBotSession)
  }

  private func answer(_ frame: JSON, messageID: Int64) -> JSON {
    ["status": "ok", "retcode": 0, "data": ["message_id": .integer(messageID)], "echo": frame["echo"] ?? .null]
  }

  private func take(_ document: JSON, _ session: OneBotSession) async throws -> Interpretation {
    try await session.interpret(document, receivedAt: now, requestID: RequestID())
  }

  @Test("match answers to actions by echo, in whatever order they come")
  func outOfOrder() async throws {
    let session = try self.session()
    let socket = FakeSocket()
    await session.opened(socket)
    async let first = session.call("send_group_msg", ["n": 1])
    async let second = session.call("send_group_msg", ["n": 2])
    let frames = await socket.next(2)
    #expect(Set(frames.compactMap { $0["echo"]?.string }).count == 2)
    for frame in frames.reversed() {
      let result = try await take(answer(frame, messageID: frame["params"]?["n"]?.integer ?? 0), session)
      guard case .control(nil) = result else {
        Issue.record("\(result)")
        continue
      }
    }
    #expect(try await first.messageID == "1")
    #expect(try await second.messageID == "2")
  }

  @Test("count an answer that nobody waits for, also when it comes twice")
  func unmatched() async throws {
    let session = try self.session()
    let socket = FakeSocket()
    await session.opened(socket)
    async let call = session.call("get_status", [:])
    let frame = try #require(await socket.next(1).first)
    _ = try await take(answer(frame, messageID: 1), session)
    _ = try await call
    for document in [
      answer(frame, messageID: 1), ["status": "failed", "retcode": 1400], ["status": "ok", "retcode": 0, "echo": 7],
    ] {
      guard case .ignored("unmatched_response") = try await take(document, session) else {
        Issue.record("\(document.canonical)")
        continue
      }
    }
  }

  @Test("end a call when its time is up, and ignore the late answer")
  func timeOut() async throws {
    let session = try self.session()
    let socket = FakeSocket()
    await session.opened(socket)
    let call = Task { try await session.call("send_group_msg", [:]) }
    let frame = try #require(await socket.next(1).first)
    await clock.waitForSleepers(1)
    clock.advance(by: .milliseconds(29_999))
    clock.advance(by: .milliseconds(1))
    let error = await #expect(throws: OneBotSession.CallError.self) { try await call.value }
    #expect(error == .timedOut)
    guard case .ignored("unmatched_response") = try await take(answer(frame, messageID: 1), session) else {
      Issue.record("the late answer was matched")
      return
    }
  }

  @Test("fail every waiting call when the socket closes")
  func closing() async throws {
    let session = try self.session()
    let socket = FakeSocket()
    await session.opened(socket)
    let calls = (0..<3).map { number in Task { try await session.call("send_group_msg", ["n": .integer(number)]) } }
    _ = await socket.next(3)
    await session.closed()
    for call in calls {
      let error = await #expect(throws: OneBotSession.CallError.self) { try await call.value }
      #expect(error == .connectionLost)
    }
    let late = await #expect(throws: OneBotSession.CallError.self) { try await session.call("get_status", [:]) }
    #expect(late == .notConnected)
    #expect(await accounts.caller(for: "10001") == nil)
  }

  @Test("know that a frame which could not be sent was not sent")
  func brokenSocket() async throws {
    let session = try self.session()
    await session.opened(FakeSocket(isBroken: true))
    let error = await #expect(throws: OneBotSession.CallError.self) { try await session.call("send_group_msg", [:]) }
    #expect(error == .notConnected)
  }

  @Test("a cancelled call ends at once, its outcome unknown")
  func cancelled() async throws {
    let session = try self.session()
    let socket = FakeSocket()
    await session.opened(socket)
    let call = Task { try await session.call("send_group_msg", [:]) }
    _ = await socket.next(1)
    call.cancel()
    let error = await #expect(throws: OneBotSession.CallError.self) { try await call.value }
    #expect(error == .connectionLost)
  }

  @Test("the newest connection of an account is the live one, and the older is closed")
  func replacement() async throws {
    let old = try session()
    let oldSocket = FakeSocket()
    await old.opened(oldSocket)
    let new = try session()
    await new.opened(FakeSocket())
    var closings = oldSocket.closings.makeAsyncIterator()
    #expect(await closings.next() == 1008)
    #expect(await accounts.caller(for: "10001") === new)
    // The end of the old connection must not take the new one with it.
    await old.closed()
    #expect(await accounts.caller(for: "10001") === new)
  }

  @Test("two sockets of one account with different roles belong together")
  func roles() async throws {
    let api = try session(role: "Api")
    let event = try session(role: "Event")
    let other = try session("10002")
    #expect(await accounts.join(api).isEmpty)
    #expect(await accounts.join(event).isEmpty)
    #expect(await accounts.join(other).isEmpty)
    #expect(await accounts.caller(for: "10001") === api)
    let universal = try session(role: "Universal")
    #expect(await accounts.join(universal).count == 2)
    #expect(await accounts.caller(for: "10001") === universal)
    let newer = try session(role: "API")
    #expect(await accounts.join(newer).first === universal)
    #expect(await accounts.caller(for: "10001") === newer)
    #expect(await accounts.caller(for: "10002") === other)
  }

  @Test("an event socket takes no actions")
  func eventOnly() async throws {
    let event = try session(role: "Event")
    await event.opened(FakeSocket())
    #expect(await accounts.caller(for: "10001") == nil)
  }

  @Test("bring events, but not those of another account")
  func events() async throws {
    let payload = try #require(Vectors.cases("onebot-events").first { $0.name == "group-array-plain" }?["payload"])
    guard case .event(let event) = try await take(payload, try session()) else {
      Issue.record("no event")
      return
    }
    #expect(event.conversation.description == "napcat/10001/group:20002")
    guard case .ignored("self_id_mismatch") = try await take(payload, try session("10002")) else {
      Issue.record("another account's event was taken")
      return
    }
  }
}

import AdapterHTTP
import AsyncHTTPClient
import Core
import NIOCore
import Sockets
import Synchronization
import Testing
import TestSupport

@testable import AdapterQQ

@Suite("QQ gateway", .timeLimit(.minutes(5)))
struct QQGatewayTests {
  @Test("identifies, beats, takes events, and notes how far it came")
  func session() async throws {
    let house = GatewayHouse()
    try await house.run([
      { peer in
        await peer.hello()
        let identify = await peer.hear(2)
        #expect(identify?["token"] == "QQBot t1")
        #expect(identify?["intents"] == .integer(1 << 25 | 1 << 26))
        #expect(identify?["shard"] == [0, 1])
        await peer.ready("s1")
        await peer.message("m1", 2)
        await house.intake.waitForEvents(1)
        await peer.say(#"{"op":1,"d":null}"#)
        #expect(await peer.hearBeat(of: 2))
      }
    ])
    #expect(house.intake.events.map(\.messageID) == ["m1"])
    #expect(house.memory.position?["session"] == "s1")
    #expect(house.memory.position?["seq"] == 2)
    #expect(house.statuses.first == .some(nil))
  }

  @Test("resumes where a session was left, takes what is repeated, and follows op 7 at once")
  func resume() async throws {
    let house = GatewayHouse()
    try await house.run([
      { peer in
        await peer.hello()
        _ = await peer.hear(2)
        await peer.ready("s1")
        await peer.message("m1", 2)
        await peer.message("m2", 3)
        await house.intake.waitForEvents(2)
        await peer.say(#"{"op":7}"#)
        _ = await peer.listenToEnd()
      },
      { peer in
        await peer.hello()
        let resume = await peer.hear(6)
        #expect(resume?["session_id"] == "s1")
        #expect(resume?["seq"] == 3)
        #expect(resume?["token"] == "QQBot t1")
        await peer.message("m2", 3)
        await peer.message("m3", 4)
        await peer.say(#"{"op":0,"s":5,"t":"RESUMED","d":""}"#)
        await house.intake.waitForEvents(4)
      },
    ])
    #expect(house.intake.events.map(\.messageID) == ["m1", "m2", "m2", "m3"])
    #expect(house.intake.newEvents.map(\.messageID) == ["m1", "m2", "m3"])
  }

  @Test("resumes after a restart from its note")
  func restart() async throws {
    let house = GatewayHouse()
    house.memory.set(#"{"app":"11111111","bot":"b","intents":100663296,"seq":41,"session":"old"}"#)
    try await house.run([
      { peer in
        await peer.hello()
        let resume = await peer.hear(6)
        #expect(resume?["session_id"] == "old")
        #expect(resume?["seq"] == 41)
      }
    ])
  }

  @Test("what the journal cannot take is not passed over: the session is resumed before it")
  func journalFull() async throws {
    let house = GatewayHouse()
    house.intake.refuseOnce("m2")
    try await house.run([
      { peer in
        await peer.hello()
        _ = await peer.hear(2)
        await peer.ready("s1")
        for (index, name) in ["m1", "m2", "m3"].enumerated() { await peer.message(name, Int64(index) + 2) }
        _ = await peer.listenToEnd()
      },
      { peer in
        await peer.hello()
        #expect(await peer.hear(6)?["seq"] == 2)
        for (index, name) in ["m2", "m3"].enumerated() { await peer.message(name, Int64(index) + 3) }
        await house.intake.waitForEvents(3)
      },
    ])
    #expect(house.intake.events.map(\.messageID) == ["m1", "m2", "m3"])
  }

  @Test("begins a new session with a new token after op 9")
  func invalidSession() async throws {
    let house = GatewayHouse()
    try await house.run([
      { peer in
        await peer.hello()
        _ = await peer.hear(2)
        await peer.ready("s1")
        await peer.say(#"{"op":9,"d":false}"#)
        _ = await peer.listenToEnd()
      },
      { peer in
        await peer.hello()
        #expect(await peer.hear(2)?["token"] == "QQBot t2")
        await peer.ready("s2")
        await house.waitForStatuses(1)
      },
    ])
  }

  @Test("fetches another token when the gateway refuses one")
  func refusedToken() async throws {
    let house = GatewayHouse()
    try await house.run([
      { peer in
        await peer.hello()
        #expect(await peer.hear(2)?["token"] == "QQBot t1")
        await peer.close(4004)
      },
      { peer in
        await peer.hello()
        #expect(await peer.hear(2)?["token"] == "QQBot t2")
        await peer.ready("s1")
        await house.waitForStatuses(2)
      },
    ])
    #expect(house.statuses.map { $0 == nil } == [false, true])
  }

  @Test("asks for fewer intents once, says so, and stops when these are refused too")
  func intents() async throws {
    let house = GatewayHouse(intents: [.guildMessages] + QQIntent.standard)
    try await house.run(
      [
        { peer in
          await peer.hello()
          #expect(await peer.hear(2)?["intents"] == .integer(1 << 9 | 1 << 25 | 1 << 26))
          await peer.close(4014)
        },
        { peer in
          await peer.hello()
          #expect(await peer.hear(2)?["intents"] == .integer(1 << 25 | 1 << 26))
          await peer.close(4014)
        },
      ], endsByItself: true)
    #expect(house.statuses.last??.contains("4014") == true)
  }

  @Test("gives up a connection that is open at one end only, and resumes on another")
  func halfOpen() async throws {
    let house = GatewayHouse()
    let second = Wakeup()
    try await house.run([
      { peer in
        await peer.hello()
        _ = await peer.hear(2)
        await peer.ready("s1")
        await house.waitForStatuses(1)
        // The greeting's limit and the heartbeat.
        await house.time.waitForSleepers(2)
        house.time.advance(by: .seconds(85))
        // Nothing is read or answered any more, not even the close frame.
        await second.wait(atMost: .seconds(30))
      },
      { peer in
        second.signal()
        await peer.hello()
        #expect(await peer.hear(6)?["session_id"] == "s1")
      },
    ])
  }

  @Test("waits when no session may be begun, and says so")
  func exhausted() async throws {
    let house = GatewayHouse()
    try await house.run([], remaining: 0) {
      await house.waitForStatuses(1)
    }
    #expect(house.statuses.first??.contains("7200 s") == true)
  }
}

/// A gateway client, the platform it talks to, and what becomes of its frames.
private final class GatewayHouse: Sendable {
  typealias Script = @Sendable (inout WebSocketPeer) async -> Void

  let intake = RecordingIntake()
  let memory = NoteBook()
  let time = ImpatientClock()
  private let intents: [QQIntent]
  private let state = Mutex<(statuses: [String?], waiter: (Int, CheckedContinuation<Void, Never>)?)>(([], nil))

  init(intents: [QQIntent] = QQIntent.standard) {
    self.intents = intents
  }

  var statuses: [String?] { state.withLock { $0.statuses } }

  func waitForStatuses(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.statuses.count >= count { return true }
        state.waiter = (count, continuation)
        return false
      }
      if isDue { continuation.resume() }
    }
  }

  private func note(_ problem: String?) {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.statuses.append(problem)
      guard let waiter = state.waiter, state.statuses.count >= waiter.0 else { return nil }
      state.waiter = nil
      return waiter.1
    }
    waiter?.resume()
  }

  /// Plays `scripts`, one for each connection in turn, then stops the client.
  func run(
    _ scripts: [Script], endsByItself: Bool = false, remaining: Int64 = 100, meanwhile: @Sendable () async -> Void = {}
  ) async throws {
    let connections = Mutex(0)
    let done = AsyncStream.makeStream(of: Void.self)
    try await RawServer.run(serve: { client in
      guard var peer = await WebSocketPeer(client), let key = peer.headers["sec-websocket-key"],
        let accept = SocketKey.accept(key)
      else { return }
      let number = connections.withLock { number in
        defer { number += 1 }
        return number
      }
      await peer.accept(accept)
      guard scripts.indices.contains(number) else { return }
      await scripts[number](&peer)
      done.continuation.yield()
      // The client hangs up.
      _ = await peer.listenToEnd()
    }) { port in
      let place: JSON = [
        "url": .string("ws://127.0.0.1:\(port)/websocket/"), "shards": 1,
        "session_start_limit": [
          "total": 1000, "remaining": .integer(remaining), "reset_after": 7_200_000, "max_concurrency": 1,
        ],
      ]
      let tokens = (1...4).map { FakePlatform.Reply.json(["access_token": .string("t\($0)"), "expires_in": 7200]) }
      try await FakePlatform.run(["/token": tokens, "/gateway/bot": [.json(place)]]) { platform in
        try await withHTTPClient { client in
          let gateway = try self.gateway(platform, client)
          await withTaskGroup { group in
            group.addTask { await gateway.run(self.intake, status: ChannelStatus { self.note($0) }) }
            if !endsByItself {
              group.addTask {
                var finished = done.stream.makeAsyncIterator()
                for _ in scripts { _ = await finished.next() }
              }
              await meanwhile()
            }
            if scripts.isEmpty { group.cancelAll() }
            await group.next()
            group.cancelAll()
          }
        }
      }
    }
  }

  private func gateway(_ platform: FakePlatform, _ client: HTTPClient) throws -> QQGateway {
    let configuration = try QQConfiguration(
      name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: platform.base, tokenURL: platform.base + "/token",
      intents: intents)
    var sockets = try SocketClient()
    sockets.configuration.closeTimeout = .milliseconds(100)
    let bot = QQBot(configuration, client: client, wallClock: ManualWallClock(seconds: 0).clock, clock: time)
    return QQGateway(bot, sockets: sockets, memory: memory, random: { 0.5 })
  }
}

extension WebSocketPeer {
  fileprivate func hello() async {
    await say(#"{"op":10,"d":{"heartbeat_interval":40000}}"#)
  }

  fileprivate func ready(_ session: String) async {
    await say(
      #"{"op":0,"s":1,"t":"READY","d":{"version":1,"session_id":"\#(session)","user":{"id":"b","bot":true},"shard":[0,1]}}"#)
  }

  fileprivate func message(_ id: String, _ sequence: Int64) async {
    let payload: JSON = [
      "id": .string("C2C_MESSAGE_CREATE:\(id)"), "op": 0, "s": .integer(sequence), "t": "C2C_MESSAGE_CREATE",
      "d": ["id": .string(id), "author": ["user_openid": "A1"], "content": "hi"],
    ]
    await say(payload.canonical)
  }

  /// The data of the next frame of that operation; heartbeats before it are passed over.
  fileprivate mutating func hear(_ operation: Int64) async -> JSON? {
    while let text = await listen() {
      let frame = try? JSON(parsing: text)
      if frame?["op"]?.integer == operation { return frame?["d"] }
    }
    return nil
  }

  fileprivate mutating func hearBeat(of sequence: Int64) async -> Bool {
    while let data = await hear(1) {
      if data.integer == sequence { return true }
    }
    return false
  }

  /// Reads until the client closes, and closes too.
  fileprivate mutating func listenToEnd() async {
    while await listen() != nil {}
    await close(1000)
  }
}

/// Does with frames what admission does, and remembers the events.
private final class RecordingIntake: FrameIntake {
  private struct State {
    var events: [ChatEvent] = []
    var keys: Set<String> = []
    var newEvents: [ChatEvent] = []
    var refused: String?
    var waiter: (Int, CheckedContinuation<Void, Never>)?
  }

  private let state = Mutex(State())

  var events: [ChatEvent] { state.withLock { $0.events } }
  var newEvents: [ChatEvent] { state.withLock { $0.newEvents } }

  func refuseOnce(_ messageID: String) {
    state.withLock { $0.refused = messageID }
  }

  func waitForEvents(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.events.count >= count { return true }
        state.waiter = (count, continuation)
        return false
      }
      if isDue { continuation.resume() }
    }
  }

  func admit(frame: [UInt8], of session: some SocketSession, channel: String) async -> FrameVerdict {
    do {
      let result = try await session.interpret(
        try JSON(parsing: frame), receivedAt: Timestamp(seconds: 0), requestID: RequestID())
      guard case .event(let event) = result else { return .taken }
      return take(event)
    } catch let refusal as Refusal {
      return .refused(refusal)
    } catch {
      return .malformed(Refusal(status: 400, code: "bad", message: "bad"))
    }
  }

  private func take(_ event: ChatEvent) -> FrameVerdict {
    let (verdict, waiter) = state.withLock { state -> (FrameVerdict, CheckedContinuation<Void, Never>?) in
      if state.refused == event.messageID {
        state.refused = nil
        return (.refused(Refusal(status: 503, code: "queue_full", message: "full")), nil)
      }
      state.events.append(event)
      if state.keys.isDisjoint(with: event.dedupeKeys) { state.newEvents.append(event) }
      state.keys.formUnion(event.dedupeKeys)
      guard let waiter = state.waiter, state.events.count >= waiter.0 else { return (.taken, nil) }
      state.waiter = nil
      return (.taken, waiter.1)
    }
    waiter?.resume()
    return verdict
  }
}

/// One note in memory.
private final class NoteBook: ChannelMemory {
  private let text = Mutex("")

  var position: JSON? { try? JSON(parsing: text.withLock { $0 }) }

  func set(_ note: String) { text.withLock { $0 = note } }

  func note(_ name: String, of channel: String) async -> String? {
    #expect(name == "session.0-of-1")
    return text.withLock { $0.isEmpty ? nil : $0 }
  }

  func keep(_ note: String, as name: String, of channel: String) async throws { set(note) }
}

/// Short waits are over at once; long ones last until the clock is moved.
private final class ImpatientClock: Clock, Sendable {
  private let manual = ManualClock()

  var now: ManualClock.Instant { manual.now }
  var minimumResolution: Duration { manual.minimumResolution }

  func sleep(until deadline: ManualClock.Instant, tolerance: Duration?) async throws {
    if now.duration(to: deadline) < .seconds(10) { return }
    try await manual.sleep(until: deadline, tolerance: tolerance)
  }

  func advance(by duration: Duration) { manual.advance(by: duration) }
  func waitForSleepers(_ count: Int) async { await manual.waitForSleepers(count) }
}

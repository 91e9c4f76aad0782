import AdapterHTTP
import Core
import Synchronization
import Testing

@testable import AdapterQQ

@Suite("QQ gateway directory", .timeLimit(.minutes(5)))
struct QQGatewayDirectoryTests {
  @Test(
    "takes only a WebSocket address, secure where the API is",
    arguments: [
      (#"{"url":"wss://h/websocket/"}"#, true, true), (#"{"url":"ws://h/"}"#, true, false), (#"{"url":"ws://h/"}"#, false, true),
      (#"{"url":"https://h/"}"#, false, false), ("{}", false, false),
    ])
  func address(text: String, isSecure: Bool, isUsable: Bool) throws {
    #expect((QQGatewayPlace(try JSON(parsing: text), isSecure: isSecure) != nil) == isUsable)
  }

  @Test("asks once for several shards, counts the sessions, and spreads their beginnings")
  func starts() async throws {
    let place: JSON = [
      "url": "ws://127.0.0.1:1/", "session_start_limit": ["remaining": 3, "reset_after": 90_000, "max_concurrency": 2],
    ]
    try await FakePlatform.run(["/token": QQDelivererTests.token, "/gateway/bot": [.json(place)]]) { platform in
      try await withHTTPClient { client in
        let configuration = try QQConfiguration(
          name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: platform.base, tokenURL: platform.base + "/token")
        let clock = ManualClock()
        let bot = QQBot(configuration, client: client, wallClock: ManualWallClock(seconds: 0).clock, clock: clock)
        let directory = QQGatewayDirectory(api: bot.api, time: QQStopwatch(clock))
        let url = try #require(SocketURL("ws://127.0.0.1:1/"))
        #expect(try await directory.find(forNewSession: true) == .place(url, after: .zero))
        #expect(try await directory.find(forNewSession: true) == .place(url, after: .zero))
        #expect(try await directory.find(forNewSession: false) == .place(url, after: .zero))
        #expect(try await directory.find(forNewSession: true) == .place(url, after: .seconds(5)))
        #expect(try await directory.find(forNewSession: true) == .exhausted(.seconds(90)))
        #expect(platform.requests.filter { $0.path == "/gateway/bot" }.count == 1)
      }
    }
  }

  @Test("a channel works when all its shards do, and each change is told once")
  func board() {
    let told = Mutex<[String?]>([])
    let board = QQShardBoard(ChannelStatus { problem in told.withLock { $0.append(problem) } })
    board.report(nil, of: 0)
    board.report("b", of: 1)
    board.report(nil, of: 0)
    board.report("b", of: 1)
    board.report("a", of: 0)
    board.report(nil, of: 0)
    board.report(nil, of: 1)
    #expect(told.withLock { $0 } == [nil, "b", "a", "b", nil])
  }

  @Test("a note of other settings is no session to resume")
  func notebook() async throws {
    let configuration = try QQConfiguration(name: "main", appID: "1", secrets: [Secret("s")])
    let other = try QQConfiguration(name: "main", appID: "1", secrets: [Secret("s")], intents: [.guilds])
    let memory = Notes()
    let position = QQGatewaySession.Position(sessionID: "s", sequence: 5, botUserID: nil)
    await QQSessionNotebook(memory: memory, configuration: configuration, shard: 0).keep(position)
    #expect(await QQSessionNotebook(memory: memory, configuration: configuration, shard: 0).position() == position)
    #expect(await QQSessionNotebook(memory: memory, configuration: configuration, shard: 1).position() == nil)
    #expect(await QQSessionNotebook(memory: memory, configuration: other, shard: 0).position() == nil)
    await QQSessionNotebook(memory: memory, configuration: configuration, shard: 0).keep(nil)
    #expect(await QQSessionNotebook(memory: memory, configuration: configuration, shard: 0).position() == nil)
  }
}

private final class Notes: ChannelMemory {
  private let notes = Mutex<[String: String]>([:])

  func note(_ name: String, of channel: String) async -> String? { notes.withLock { $0[name] } }
  func keep(_ note: String, as name: String, of channel: String) async throws { notes.withLock { $0[name] = note } }
}

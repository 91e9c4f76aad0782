import Core
import Synchronization
import Testing

@testable import AdapterQQ

@Suite("QQ token cache")
struct QQTokenCacheTests {
  private let start = Timestamp(seconds: 1_780_000_000)

  @Test(
    "renews during the last minute and expires after it",
    arguments: [(0, true, true), (7139, true, true), (7140, false, true), (7199, false, true), (7200, false, false)])
  func lifetime(age: Int64, isGood: Bool, isUsable: Bool) {
    var cache = QQTokenCache()
    cache.store(Secret("t"), lifetime: .seconds(7200), at: start)
    let now = start.advanced(by: .seconds(age))
    #expect((cache.token(at: now) != nil) == isGood)
    #expect((cache.expiring(at: now) != nil) == isUsable)
  }

  @Test("drops the token that was refused and no newer one")
  func drop() {
    var cache = QQTokenCache()
    cache.store(Secret("new"), lifetime: .seconds(7200), at: start)
    cache.drop(Secret("old"))
    #expect(cache.token(at: start)?.matches("new") == true)
    cache.drop(Secret("new"))
    #expect(cache.token(at: start) == nil)
  }

  @Test("keeps one second between requests, however many are booked and whatever the clock does")
  func spacing() {
    var cache = QQTokenCache()
    #expect(cache.reserveRequest(at: start) == .zero)
    #expect(cache.reserveRequest(at: start.advanced(by: .milliseconds(300))) == .milliseconds(700))
    #expect(cache.reserveRequest(at: start.advanced(by: .seconds(5))) == .zero)
    #expect(cache.reserveRequest(at: start.advanced(by: .seconds(-3600))) == .seconds(1))
  }
}

@Suite("QQ token provider", .timeLimit(.minutes(5)))
struct QQTokenProviderTests {
  private func provider(
    _ platform: FakePlatform, _ http: QQHTTP, wall: ManualWallClock, clock: ManualClock = ManualClock(), secrets: [String] = ["s"]
  ) throws -> QQTokenProvider {
    let configuration = try QQConfiguration(
      name: "main", appID: "11111111", secrets: secrets.map { Secret($0) }, apiBase: platform.base,
      tokenURL: platform.base + "/token")
    return QQTokenProvider(configuration: configuration, http: http, wallClock: wall.clock, clock: clock)
  }

  @Test(
    "takes the lifetime as number or as string",
    arguments: [JSON.integer(7200), .string("7200")])
  func lifetimeForms(lifetime: JSON) async throws {
    try await FakePlatform.run(["/token": [.json(["access_token": "t", "expires_in": lifetime])]]) { platform in
      try await withHTTPClient { client in
        let wall = ManualWallClock(seconds: 1_780_000_000)
        let provider = try self.provider(platform, QQHTTP(client: client), wall: wall)
        #expect(try await provider.token().matches("t"))
        wall.advance(by: .seconds(7000))
        #expect(try await provider.token().matches("t"))
        #expect(platform.requests.count == 1)
        #expect(platform.requests.first?.body == ["appId": "11111111", "clientSecret": "s"])
        wall.advance(by: .seconds(150))
        #expect(try await provider.token().matches("t"))
        #expect(platform.requests.count == 2)
      }
    }
  }

  @Test("asks once for many callers")
  func singleFlight() async throws {
    try await FakePlatform.run(["/token": [.json(["access_token": "t", "expires_in": 7200])]]) { platform in
      try await withHTTPClient { client in
        let provider = try self.provider(platform, QQHTTP(client: client), wall: ManualWallClock(seconds: 1_780_000_000))
        try await withThrowingTaskGroup(of: Bool.self) { group in
          for _ in 0..<50 { group.addTask { try await provider.token().matches("t") } }
          for try await isRight in group { #expect(isRight) }
        }
        #expect(platform.requests.count == 1)
      }
    }
  }

  @Test("waits a second before it asks again, and lets those who come meanwhile wait for the same answer")
  func spacing() async throws {
    let script: [FakePlatform.Reply] = [
      .json(["access_token": "short", "expires_in": 5]), .json(["access_token": "long", "expires_in": 7200]),
    ]
    try await FakePlatform.run(["/token": script]) { platform in
      try await withHTTPClient { client in
        let clock = ManualClock()
        let provider = try self.provider(
          platform, QQHTTP(client: client), wall: ManualWallClock(seconds: 1_780_000_000), clock: clock)
        #expect(try await provider.token().matches("short"))
        async let second = provider.token()
        async let third = provider.token()
        await clock.waitForSleepers(1)
        #expect(platform.requests.count == 1)
        clock.advance(by: .seconds(1))
        let tokens = try await (second, third)
        #expect(tokens.0.matches("long") && tokens.1.matches("long"))
        #expect(platform.requests.count == 2)
      }
    }
  }

  @Test(
    "reads errors out of HTTP 200",
    arguments: [
      (100_007 as Int64, DeliveryError.Advice.giveUp), (100_016, .giveUp), (10004, .giveUp), (100_001, .retry(after: nil)),
      (424_242, .retry(after: nil)),
    ])
  func errors(code: Int64, advice: DeliveryError.Advice) async throws {
    try await FakePlatform.run(["/token": [.json(["code": .integer(code), "message": "no"])]]) { platform in
      try await withHTTPClient { client in
        let provider = try self.provider(platform, QQHTTP(client: client), wall: ManualWallClock(seconds: 0))
        let error = await #expect(throws: DeliveryError.self) { try await provider.token() }
        #expect(error?.advice == advice)
        #expect(error?.code == String(code))
      }
    }
  }

  @Test("falls back to the older secret while the platform does not know the newer")
  func rotation() async throws {
    let script: [FakePlatform.Reply] = [
      .json(["code": 100_016, "message": "no"]), .json(["access_token": "t", "expires_in": "7200"]),
    ]
    try await FakePlatform.run(["/token": script]) { platform in
      try await withHTTPClient { client in
        let clock = ManualClock()
        let provider = try self.provider(
          platform, QQHTTP(client: client), wall: ManualWallClock(seconds: 0), clock: clock, secrets: ["newer", "older"])
        async let token = provider.token()
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        #expect(try await token.matches("t"))
        #expect(platform.requests.map { $0.body?["clientSecret"] } == ["newer", "older"])
      }
    }
  }

  @Test("keeps using a token in its last minute when the renewal fails")
  func failedRenewal() async throws {
    let script: [FakePlatform.Reply] = [
      .json(["access_token": "t", "expires_in": 100]), .answer(status: 502, body: "<html>"),
    ]
    try await FakePlatform.run(["/token": script]) { platform in
      try await withHTTPClient { client in
        let wall = ManualWallClock(seconds: 0)
        let provider = try self.provider(platform, QQHTTP(client: client), wall: wall)
        #expect(try await provider.token().matches("t"))
        wall.advance(by: .seconds(50))
        #expect(try await provider.token().matches("t"))
        wall.advance(by: .seconds(50))
        let error = await #expect(throws: DeliveryError.self) { try await provider.token() }
        #expect(error?.code == "token_unreadable")
        #expect(platform.requests.count == 3)
      }
    }
  }
}

@Suite("QQ token pauses", .timeLimit(.minutes(5)))
struct QQTokenPausesTests {
  @Test(
    "double from a second: to a minute after wrong credentials, to eight seconds after anything else", arguments: [true, false])
  func ladder(concernsAdmins: Bool) {
    var pauses = QQTokenPauses()
    var now = Timestamp(seconds: 0)
    let error = DeliveryError(
      concernsAdmins ? .giveUp : .retry(after: nil), code: "x", message: "m", concernsAdmins: concernsAdmins)
    for seconds in concernsAdmins ? [1, 2, 4, 8, 16, 32, 60, 60] : [1, 2, 4, 8, 8, 8] {
      _ = pauses.begin(after: error, at: now)
      #expect(pauses.error(at: now)?.code == "x")
      now = now.advanced(by: .seconds(seconds))
      #expect(pauses.error(at: now.advanced(by: .milliseconds(-1))) != nil)
      #expect(pauses.error(at: now) == nil)
    }
    let ends = (pauses.end(), pauses.end())
    #expect(ends == (true, false))
  }

  @Test("keep callers from asking, and are told once each way")
  func provider() async throws {
    let script: [FakePlatform.Reply] = [
      .json(["code": 100_016, "message": "no"]), .json(["access_token": "t", "expires_in": 7200]),
    ]
    try await FakePlatform.run(["/token": script]) { platform in
      try await withHTTPClient { client in
        let told = Mutex<[Bool]>([])
        let wall = ManualWallClock(seconds: 0)
        let configuration = try QQConfiguration(
          name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: platform.base, tokenURL: platform.base + "/token")
        let provider = QQTokenProvider(
          configuration: configuration, http: QQHTTP(client: client), wallClock: wall.clock, clock: ManualClock(),
          status: ChannelStatus { problem in told.withLock { $0.append(problem == nil) } })
        for _ in 0..<3 {
          let error = await #expect(throws: DeliveryError.self) { try await provider.token() }
          #expect(error?.concernsAdmins == true)
        }
        #expect(platform.requests.count == 1)
        wall.advance(by: .seconds(1))
        #expect(try await provider.token().matches("t"))
        #expect(platform.requests.count == 2)
        #expect(told.withLock { $0 } == [false, true])
      }
    }
  }
}

import Core
import Foundation
import TestSupport
import Testing

/// The simulator, which other people's frameworks understand, against our service: every implementation's habits, every way in.
@Suite("OneBot v11 conformance, end to end", .timeLimit(.minutes(5)))
struct OneBotConformanceTests {
  private static let dialects = OneBotDialect.all.flatMap { [$0.writing(strings: false), $0.writing(strings: true)] }
  private static let environment = ["ONEBOT_SECRET": "a secret", "ONEBOT_TOKEN": "a token"]

  private static func simulators(from account: Int64) -> [OneBotSimulator] {
    dialects.enumerated().map { index, dialect in
      OneBotSimulator(dialect, account: account + Int64(index), token: "a token", secret: "a secret")
    }
  }

  /// Says several things, some of them twice, and hears each answer exactly once and in order.
  private static func converse(_ peer: OneBotSimulator) async throws {
    let me = JSON.string("\(peer.account)")
    for (number, text) in ["one", "[CQ:at,qq=all] & <x>, 你好", "three"].enumerated() {
      await peer.say(
        [
          ["type": "at", "data": ["qq": me]], ["type": "text", "data": ["text": .string(" /echo \(text)")]],
        ], group: 20002)
      let group = await peer.nextMessage()
      #expect(group?.text == text, "\(peer.dialect)")
      #expect(group?.chat == "group:20002")

      let message = peer.message("/echo \(number) \(text)")
      await peer.send(message)
      await peer.send(message)
      let answer = await peer.nextMessage()
      #expect(answer?.text == "\(number) \(text)", "\(peer.dialect)")
      #expect(answer?.chat == "private:30003")
      // Text goes out as an array, so that it cannot become a code.
      #expect(answer?.segments == [["type": "text", "data": ["text": .string("\(number) \(text)")]]])
    }
    // What was said twice would have been answered before this.
    await peer.say("/echo end")
    #expect(await peer.nextMessage()?.text == "end", "\(peer.dialect)")
  }

  private static func converseSideBySide(_ peers: [OneBotSimulator]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for peer in peers { group.addTask { try await converse(peer) } }
      try await group.waitForAll()
    }
  }

  @Test("reverse WebSocket, on one path and on two")
  func reverse() async throws {
    let house = try House(
      channels: """
          - name: bridge
            kind: onebot
            access_token: { env: ONEBOT_TOKEN }
        """)
    let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
    let port = service.port
    try await withThrowingTaskGroup(of: Void.self) { group in
      for sockets in [OneBotSockets.universal, .separate] {
        for peer in Self.simulators(from: sockets == .universal ? 10001 : 11001) {
          group.addTask {
            try await peer.connect(to: port, path: "/onebot/v11/bridge/ws", sockets: sockets) { try await Self.converse(peer) }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(await service.terminate() == 0)
  }

  @Test("HTTP POST in, HTTP API out")
  func http() async throws {
    let peers = Self.simulators(from: 10001)
    try await Self.serveAPIs(peers[...]) { ports in
      let house = try House(
        channels: ports.enumerated().map { index, port in
          """
            - name: bridge\(index)
              kind: onebot
              transport: http
              secret: { env: ONEBOT_SECRET }
              access_token: { env: ONEBOT_TOKEN }
              api_base: http://127.0.0.1:\(port)
          """
        }.joined(separator: "\n"))
      let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
      let port = service.port
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, peer) in peers.enumerated() {
          group.addTask {
            try await peer.serveHTTP(postingTo: port, path: "/onebot/v11/bridge\(index)") { try await Self.converse(peer) }
          }
        }
        try await group.waitForAll()
      }
      #expect(await service.terminate() == 0)
    }
  }

  @Test("forward WebSocket, on one path and on two", arguments: ["universal", "separate"])
  func forward(sockets: String) async throws {
    let peers = Self.simulators(from: 10001)
    try await Self.listen(peers[...]) { ports in
      let house = try House(
        channels: ports.enumerated().map { index, port in
          """
            - name: bridge\(index)
              kind: onebot
              transport: websocket
              url: ws://127.0.0.1:\(port)
              sockets: \(sockets)
              access_token: { env: ONEBOT_TOKEN }
          """
        }.joined(separator: "\n"))
      let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
      for peer in peers { await peer.waitForApplication() }
      try await Self.converseSideBySide(peers)
      #expect(await service.terminate() == 0)
    }
  }

  private static func serveAPIs(
    _ peers: ArraySlice<OneBotSimulator>, ports: [Int] = [], _ body: ([Int]) async throws -> Void
  ) async throws {
    guard let peer = peers.first else { return try await body(ports) }
    try await peer.serveAPI { try await serveAPIs(peers.dropFirst(), ports: ports + [$0], body) }
  }

  private static func listen(
    _ peers: ArraySlice<OneBotSimulator>, ports: [Int] = [], _ body: ([Int]) async throws -> Void
  ) async throws {
    guard let peer = peers.first else { return try await body(ports) }
    try await peer.listen { try await listen(peers.dropFirst(), ports: ports + [$0], body) }
  }

  @Test("an implementation with another token is shown as degraded, and does not hold up the others")
  func wrongToken() async throws {
    let stranger = OneBotSimulator(.snowLuma, token: "another token")
    try await stranger.listen { port in
      let house = try House(
        channels: """
            - name: bridge
              kind: onebot
              transport: websocket
              url: ws://127.0.0.1:\(port)
              access_token: { env: ONEBOT_TOKEN }
          """)
      let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
      let line = try await service.logLine { $0["channel"]?.string == "bridge" && $0["reason"] != nil }
      #expect(line["reason"]?.string?.contains("refuses the access token") == true)
      // The other parts are still starting.
      var ready = try await RawClient.ask(service.port, Request.get("/readyz"))
      while ready?.status != 200 { ready = try await RawClient.ask(service.port, Request.get("/readyz")) }
      #expect(try #require(ready).body.contains("degraded: the implementation refuses the access token"))
      #expect(await service.terminate() == 0)
    }
  }
}

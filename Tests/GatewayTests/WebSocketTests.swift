import AdapterHTTP
import Core
import Gateway
import NIOCore
import Operations
import Sockets
import TestSupport
import Testing

@Suite("WebSockets", .timeLimit(.minutes(5)))
struct WebSocketTests {
  @Test(
    "A WebSocket opens at each of its places",
    arguments: [
      ("/onebot/v11/sockets", ""), ("/onebot/v11/sockets/", ""), ("/onebot/v11/sockets/api", "api"),
      ("/onebot/v11/sockets/event", "event"), ("/onebot/v11/sockets/ws", ""), ("/onebot/v11/sockets/ws/api", "api"),
      ("/onebot/v11/sockets/ws/event?access_token=a%2Bb&x", "event"),
    ])
  func places(path: String, endpoint: String) async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(WebSocketClient.upgrade(path))
        let answer = try #require(try await client.readResponse())
        #expect(answer.status == 101)
        #expect(answer.headers["sec-websocket-accept"] == WebSocketClient.accept)
        #expect(answer.headers["upgrade"] == "websocket")
        #expect(answer.headers["connection"] == "Upgrade")
        #expect(answer.headers["x-request-id"].flatMap { RequestID($0) } != nil)
      }
      let request = try #require(server.sockets.lastRequest)
      #expect(request.endpoint == endpoint)
      #expect(request.headers["x-self-id"] == "1")
      #expect(request.remoteAddress == "127.0.0.1")
      #expect(request.query == (path.contains("?") ? ["access_token": "a+b", "x": ""] : [:]))
    }
  }

  struct BadUpgrade: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let status: Int
    let code: String

    init(_ name: String, _ bytes: [UInt8], _ status: Int, _ code: String) {
      (testDescription, self.bytes, self.status, self.code) = (name, bytes, status, code)
    }
  }

  static let place = "/onebot/v11/sockets/ws"
  static let credentials = ["Authorization: Bearer good", "X-Self-ID: 1"]
  static let switching = ["Upgrade: websocket", "Connection: Upgrade"]
  static let key = ["Sec-WebSocket-Key: \(WebSocketClient.key)"]
  static let version = ["Sec-WebSocket-Version: 13"]

  @Test(
    "A bad upgrade is refused as plain HTTP before anything is switched",
    arguments: [
      BadUpgrade("no token", WebSocketClient.upgrade(headers: ["X-Self-ID: 1"]), 401, "token_missing"),
      BadUpgrade(
        "wrong token", WebSocketClient.upgrade(headers: ["Authorization: Bearer bad", "X-Self-ID: 1"]), 403, "token_invalid"),
      BadUpgrade("no id", WebSocketClient.upgrade(headers: ["Authorization: Bearer good"]), 400, "self_id_missing"),
      BadUpgrade("unknown channel", WebSocketClient.upgrade("/onebot/v11/other/ws"), 404, "unknown_channel"),
      BadUpgrade("not a socket's path", WebSocketClient.upgrade("/onebot/v11/sockets/wss"), 404, "unknown_channel"),
      BadUpgrade("webhook only", WebSocketClient.upgrade("/qq/webhook/main"), 405, "method_not_allowed"),
      BadUpgrade("no key", Request.get(place, headers: switching + version + credentials), 400, "handshake_invalid"),
      BadUpgrade(
        "short key", Request.get(place, headers: switching + version + credentials + ["Sec-WebSocket-Key: AAAA"]), 400,
        "handshake_invalid"),
      BadUpgrade("no version", Request.get(place, headers: switching + key + credentials), 426, "websocket_version"),
      BadUpgrade(
        "old version", Request.get(place, headers: switching + key + credentials + ["Sec-WebSocket-Version: 8"]), 426,
        "websocket_version"),
      BadUpgrade(
        "no Connection: upgrade", Request.get(place, headers: ["Upgrade: websocket"] + key + version + credentials), 426,
        "upgrade_required"),
      BadUpgrade(
        "another protocol", Request.get(place, headers: ["Upgrade: h2c", "Connection: Upgrade"] + key + version + credentials),
        426, "upgrade_required"),
      BadUpgrade(
        "HTTP/1.0", Request.head(["GET \(place) HTTP/1.0", "Host: a"] + switching + key + version + credentials), 400,
        "handshake_invalid"),
      BadUpgrade(
        "with a body",
        Request.get(place, headers: switching + key + version + credentials + ["Content-Length: 2"])
          + Array("{}".utf8), 400, "handshake_invalid"),
    ])
  func refusals(_ bad: BadUpgrade) async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(bad.bytes)
        let answer = try #require(try await client.readResponse())
        #expect(answer.status == bad.status)
        let error = try JSON(parsing: answer.body)["error"]
        #expect(error?["code"]?.string == bad.code)
        #expect(error?["request_id"]?.string == answer.headers["x-request-id"])
        #expect(answer.headers["upgrade"] == (bad.status == 426 ? "websocket" : nil))
        client.closeOutput()
        #expect(await client.isAtEnd())
      }
      #expect(server.sockets.session.socket == nil)
      try await WebSocketClient.open(server.port) { socket async throws in
        await socket.send(WebSocketClient.frame(9, [1, 2, 3]))
        #expect(await socket.read()?.opcode == 10)
      }
    }
  }

  @Test("An upgrade on a connection that has served requests is told to use a new one")
  func lateUpgrade() async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.status == 200)
        await client.send(WebSocketClient.upgrade())
        #expect(try await client.readResponse()?.status == 426)
        #expect(await client.isAtEnd())
      }
    }
  }

  @Test("Frames reach the session one at a time and in order, those included that came with the handshake")
  func order() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      let first = WebSocketClient.text(Request.event("e0"))
      try await WebSocketClient.open(server.port, first: first) { socket async throws in
        await socket.send((1..<20).flatMap { WebSocketClient.text(Request.event("e\($0)")) })
        #expect(await happenings.next() == .opened)
        for index in 0..<20 { #expect(await happenings.next() == .frame("e\(index)")) }
        await socket.send(WebSocketClient.close(1000))
        #expect(await socket.read()?.code == 1000)
        #expect(await socket.client.isAtEnd())
      }
      #expect(await happenings.next() == .closed)
      #expect(server.journal.messageIDs == (0..<20).map { "e\($0)" })
      #expect(server.counters.value(of: .events, "sockets", "accepted") == 20)
    }
  }

  @Test("Our own client and our own server understand each other")
  func ownClient() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      let url = try #require(SocketURL("ws://127.0.0.1:\(server.port)/onebot/v11/sockets/ws"))
      let client = try SocketClient()
      await #expect(throws: SocketConnectError.refused(status: 401)) {
        _ = try await client.withSocket(to: url) { _, _ in }
      }
      let closure = try await client.withSocket(
        to: url, headers: [("Authorization", "Bearer good"), ("X-Self-ID", "1")]
      ) { socket, messages in
        for text in ["hi", String(repeating: "长", count: 100_000)] {
          try? await socket.send("{\"type\":\"heartbeat\",\"say\":\"\(text)\"}")
          #expect(await messages.next() == Array(text.utf8))
        }
        try? await socket.send(Request.event("e1"))
        try? await socket.send(Request.event("e2"))
      }
      #expect(closure == SocketClosure(code: 1000, reason: "", isByPeer: false))
      // The close is answered at once; what came before it is still being taken.
      while let happening = await happenings.next(), happening != .closed {}
      #expect(server.journal.messageIDs == ["e1", "e2"])
    }
  }

  @Test("A session is closed exactly once, also when the connection just breaks")
  func brokenConnection() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      for _ in 0..<2 {
        try await WebSocketClient.open(server.port) { _ async throws in
          #expect(await happenings.next() == .opened)
        }
        #expect(await happenings.next() == .closed)
      }
    }
  }

  @Test("The session's socket sends text frames, however long")
  func sending() async throws {
    let long = String(repeating: "长", count: 100_000)
    try await LiveServer.run { server async throws in
      try await WebSocketClient.open(server.port) { socket async throws in
        for text in ["hi", String(repeating: "a", count: 200), long] {
          await socket.send(WebSocketClient.text("{\"type\":\"heartbeat\",\"say\":\"\(text)\"}"))
          let frame = try #require(await socket.read())
          #expect(frame.opcode == 1)
          #expect(frame.isFinal)
          #expect(frame.text == text)
        }
      }
    }
  }

  @Test("Sending on a closed socket throws")
  func sendingAfterClose() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        #expect(await happenings.next() == .opened)
        let line = try #require(server.sockets.session.socket)
        await line.close(code: 4001, reason: "another connection took over")
        let close = try #require(await socket.read())
        #expect(close.code == 4001)
        #expect(String(decoding: close.payload.dropFirst(2), as: UTF8.self) == "another connection took over")
        await #expect(throws: SocketError.closed) { try await line.send("too late") }
        #expect(await socket.finishClose())
      }
      #expect(await happenings.next() == .closed)
      let line = try #require(server.sockets.session.socket)
      await #expect(throws: (any Error).self) { try await line.send("much too late") }
      await line.close(code: 1000, reason: "")
    }
  }

  @Test("Pings are answered with their payload, also between fragments")
  func pings() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        let payload = Array(repeating: UInt8(7), count: 125)
        await socket.send(WebSocketClient.frame(9, payload))
        #expect(await socket.read() == .init(opcode: 10, isFinal: true, payload: payload))
        let event = Array(Request.event("片").utf8)
        // The cut falls inside a character.
        let cut = event.count - 4
        await socket.send(WebSocketClient.frame(1, Array(event[..<cut]), final: false))
        await socket.send(WebSocketClient.frame(9, [1]))
        #expect(await socket.read() == .init(opcode: 10, isFinal: true, payload: [1]))
        await socket.send(WebSocketClient.frame(10, [9]))
        await socket.send(WebSocketClient.frame(0, [], final: false))
        await socket.send(WebSocketClient.frame(0, Array(event[cut...])))
        #expect(await happenings.next() == .opened)
        #expect(await happenings.next() == .frame("片"))
      }
    }
  }

  @Test("A silent peer is pinged, and is gone when it does not answer")
  func idle() async throws {
    func configure(_ configuration: inout GatewayConfiguration) {
      configuration.sockets.pingInterval = .milliseconds(40)
      // Longer than a busy machine keeps this test from answering.
      configuration.sockets.pongTimeout = .seconds(8)
    }
    try await LiveServer.run(configure: configure) { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        #expect(await happenings.next() == .opened)
        #expect(await socket.read()?.opcode == 9)
        await socket.send(WebSocketClient.frame(10, []))
        #expect(await socket.read()?.opcode == 9)
        #expect(await socket.client.isAtEnd())
        #expect(await happenings.next() == .closed)
      }
    }
  }

  @Test("Shutdown closes WebSockets with 1001; what the peer sent before its own close still counts")
  func shutdown() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        #expect(await happenings.next() == .opened)
        await server.beginShutdown()
        #expect(await socket.read()?.code == 1001)
        await socket.send(WebSocketClient.text(Request.event("last")))
        #expect(await socket.finishClose())
        #expect(await happenings.next() == .frame("last"))
        #expect(await happenings.next() == .closed)
      }
      #expect(server.journal.messageIDs == ["last"])
    }
  }

  @Test("A peer that ignores our close does not hold the shutdown up")
  func stubbornPeer() async throws {
    try await LiveServer.run(configure: { $0.sockets.closeTimeout = .milliseconds(50) }) { server async throws in
      try await WebSocketClient.open(server.port) { socket async throws in
        await server.beginShutdown()
        #expect(await socket.read()?.code == 1001)
        #expect(await socket.client.isAtEnd())
      }
    }
  }
}

@Suite("WebSocket violations and refused frames", .timeLimit(.minutes(5)))
struct WebSocketViolationTests {
  struct Violation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let code: Int

    init(_ name: String, _ bytes: [UInt8], _ code: Int) {
      (testDescription, self.bytes, self.code) = (name, bytes, code)
    }
  }

  static let json = Array("{}".utf8)

  @Test(
    "Whoever breaks RFC 6455 is told the right code and disconnected",
    arguments: [
      Violation("not masked", WebSocketClient.frame(1, json, masked: false), 1002),
      Violation("ping not masked", WebSocketClient.frame(9, [], masked: false), 1002),
      Violation("reserved bit", WebSocketClient.frame(1, json, reserved: 0x40), 1002),
      Violation("unknown opcode", WebSocketClient.frame(3, json), 1002),
      Violation("unknown control opcode", WebSocketClient.frame(11, []), 1002),
      Violation("continuation of nothing", WebSocketClient.frame(0, json), 1002),
      Violation(
        "message inside a message", WebSocketClient.text("{", final: false) + WebSocketClient.text("{}"), 1002),
      Violation("fragmented ping", WebSocketClient.frame(9, [], final: false), 1002),
      Violation("long ping", WebSocketClient.frame(9, Array(repeating: 0, count: 126)), 1002),
      Violation("close code cut short", WebSocketClient.frame(8, [3]), 1002),
      Violation("reserved close code", WebSocketClient.close(1005), 1002),
      Violation("close code out of range", WebSocketClient.close(999), 1002),
      Violation("close reason is not UTF-8", WebSocketClient.frame(8, [3, 0xe8, 0xff]), 1007),
      Violation("binary", WebSocketClient.frame(2, json), 1003),
      Violation("not UTF-8", WebSocketClient.frame(1, [0x22, 0xc3, 0x28, 0x22]), 1007),
      Violation("character cut off at the end", WebSocketClient.frame(1, [0x22, 0xe9, 0x95]), 1007),
      Violation("surrogate in UTF-8", WebSocketClient.frame(1, [0x22, 0xed, 0xa0, 0x80, 0x22]), 1007),
      Violation("frame too big", [0x81, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 1, 2, 3, 4], 1009),
      Violation("frame of 2^63 bytes", [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], 1009),
    ])
  func violations(_ violation: Violation) async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        #expect(await happenings.next() == .opened)
        await socket.send(violation.bytes + WebSocketClient.text(Request.event("after")))
        #expect(await socket.read()?.code == violation.code)
        #expect(await socket.finishClose())
        #expect(await happenings.next() == .closed)
      }
      #expect(server.journal.events.isEmpty)
      try await WebSocketClient.open(server.port) { socket async throws in
        await socket.send(WebSocketClient.frame(9, [1]))
        #expect(await socket.read()?.opcode == 10)
      }
    }
  }

  @Test("Fragments count together towards the limit")
  func fragmentsTooBig() async throws {
    try await LiveServer.run(configure: { $0.sockets.maximumMessage = 100 }) { server async throws in
      try await WebSocketClient.open(server.port) { socket async throws in
        let half = Array(repeating: UInt8(ascii: " "), count: 60)
        await socket.send(WebSocketClient.frame(1, half, final: false))
        await socket.send(WebSocketClient.frame(0, half))
        #expect(await socket.read()?.code == 1009)
      }
    }
  }

  @Test("A message of the full 16 MiB passes")
  func biggest() async throws {
    try await LiveServer.run { server async throws in
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        let start = Array("{\"type\":\"event\",\"id\":\"big\",\"text\":\"".utf8)
        let end = Array("\"}".utf8)
        let text = Array(repeating: UInt8(ascii: "a"), count: 16 * 1024 * 1024 - start.count - end.count)
        await socket.send(WebSocketClient.frame(1, start + text + end, mask: [0, 0, 0, 0]))
        #expect(await happenings.next() == .opened)
        #expect(await happenings.next() == .frame("big"))
      }
    }
  }

  @Test("Malformed frames are counted and forgiven one by one, and close the connection with 1008 when they do not end")
  func malformed() async throws {
    try await LiveServer.run(configure: { $0.sockets.maximumMalformedFrames = 3 }) { server async throws in
      try await WebSocketClient.open(server.port) { socket async throws in
        for (index, bad) in ["", "[]", "{\"a\":1,\"a\":2}"].enumerated() {
          await socket.send(WebSocketClient.text(bad))
          await socket.send(WebSocketClient.text(Request.event("good \(index)")))
        }
        await socket.send(WebSocketClient.text("{\"type\":\"event\"}"))
        for _ in 0..<3 { await socket.send(WebSocketClient.text("{")) }
        #expect(await socket.read()?.code == 1008)
        #expect(await socket.finishClose())
      }
      #expect(server.journal.messageIDs.count == 3)
      #expect(server.counters.value(of: .refusals, "sockets", "json_syntax") == 4)
      #expect(server.counters.value(of: .refusals, "sockets", "json_duplicate_key") == 1)
      // An array, and an event without id: refused, but not malformed, in the second case.
      #expect(server.counters.value(of: .refusals, "sockets", "event_invalid") == 2)
    }
  }

  @Test("A frame waits for a journal that is full for a moment, because nobody would send it again")
  func fullJournal() async throws {
    try await LiveServer.run { server async throws in
      server.journal.fail(.full, times: 2)
      var happenings = server.sockets.session.happenings.makeAsyncIterator()
      try await WebSocketClient.open(server.port) { socket async throws in
        await socket.send(WebSocketClient.text(Request.event("patient")))
        await socket.send(WebSocketClient.text("{\"type\":\"heartbeat\",\"say\":\"done\"}"))
        #expect(await happenings.next() == .opened)
        #expect(await socket.read()?.text == "done")
      }
      #expect(server.journal.messageIDs == ["patient"])
    }
  }

  @Test("Frames are rated like webhooks; the connection stays")
  func rates() async throws {
    let limits = AdmissionLimits(sender: RateLimit(perMinute: 1, burst: 1))
    try await LiveServer.run(limits: limits) { server async throws in
      try await WebSocketClient.open(server.port) { socket async throws in
        for id in ["one", "two"] { await socket.send(WebSocketClient.text(Request.event(id, sender: "s"))) }
        await socket.send(WebSocketClient.text("{\"type\":\"heartbeat\",\"say\":\"still here\"}"))
        #expect(await socket.read()?.text == "still here")
      }
      #expect(server.journal.messageIDs == ["one"])
      #expect(server.counters.value(of: .refusals, "sockets", "rate_limited_sender") == 1)
    }
  }
}

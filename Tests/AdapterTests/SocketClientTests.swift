import AdapterHTTP
import Core
import NIOCore
import NIOPosix
import NIOSSL
import Sockets
import Synchronization
import TestSupport
import Testing

@Suite("WebSocket client", .timeLimit(.minutes(5)))
struct SocketClientTests {
  /// Patient, for the machine may be busy.
  private static func client() throws -> SocketClient {
    var client = try SocketClient()
    client.handshakeTimeout = .seconds(60)
    return client
  }

  /// Serves one WebSocket by `peer`, connects to it, and returns how it ended.
  private func meet(
    configure: (inout SocketClient) -> Void = { _ in }, headers: [(String, String)] = [],
    peer: @escaping @Sendable (inout WebSocketPeer) async -> Void,
    client body: @escaping @Sendable (any TextSocket, inout SocketMessages) async -> Void
  ) async throws -> SocketClosure {
    var client = try Self.client()
    configure(&client)
    let closure = Mutex<SocketClosure?>(nil)
    try await RawServer.run { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await socket.accept(SocketKey.accept(socket.headers["sec-websocket-key"] ?? "") ?? "")
      await peer(&socket)
    } _: { port in
      let url = try #require(SocketURL("ws://127.0.0.1:\(port)/"))
      let end = try await client.withSocket(to: url, headers: headers, body)
      closure.withLock { $0 = end }
    }
    return try #require(closure.withLock { $0 })
  }

  /// Why no socket opened; nil when one did.
  private func failure(
    of client: SocketClient, to url: SocketURL, headers: [(String, String)] = []
  ) async -> SocketConnectError? {
    do throws(SocketConnectError) {
      _ = try await client.withSocket(to: url, headers: headers) { _, _ in }
      return nil
    } catch {
      return error
    }
  }

  @Test("Texts go both ways, masked towards the server, and a close from our side is answered")
  func conversation() async throws {
    let closure = try await meet { peer in
      while let text = await peer.listen() { await peer.say("you said \(text)") }
      await peer.close(1000)
    } client: { socket, messages in
      for text in ["a", String(repeating: "长", count: 100_000), ""] {
        try? await socket.send(text)
        #expect(await messages.next().map { String(decoding: $0, as: UTF8.self) } == "you said \(text)")
      }
    }
    #expect(closure == SocketClosure(code: 1000, reason: "", isByPeer: false))
  }

  @Test("The request asks for its path, with the headers given")
  func request() async throws {
    let seen = Mutex<(String, [String: String])?>(nil)
    try await RawServer.run { connection in
      guard let socket = await WebSocketPeer(connection) else { return }
      seen.withLock { $0 = (socket.target, socket.headers) }
      await socket.refuse("401 Unauthorized")
    } _: { port in
      let url = try #require(SocketURL("ws://localhost:\(port)/some%20where/?q=1"))
      let client = try Self.client()
      #expect(
        await failure(of: client, to: url.appending(path: "api"), headers: [("Authorization", "Bearer x")])
          == SocketConnectError.refused(status: 401))
      let (target, headers) = try #require(seen.withLock { $0 })
      #expect(target == "/some%20where/api?q=1")
      #expect(headers["authorization"] == "Bearer x")
      #expect(headers["host"] == "localhost:\(port)")
      #expect(headers["sec-websocket-version"] == "13")
    }
  }

  @Test("What comes in the same packet as the answer to the handshake is not lost")
  func eagerPeer() async throws {
    let heard = Mutex<[String]>([])
    try await RawServer.run { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      let accept = SocketKey.accept(socket.headers["sec-websocket-key"] ?? "") ?? ""
      await socket.accept(
        accept,
        first: WebSocketClient.frame(1, Array("first".utf8), masked: false)
          + WebSocketClient.frame(1, Array("second".utf8), masked: false))
      await socket.close(4004, "enough")
      _ = await socket.read()
    } _: { port in
      let url = try #require(SocketURL("ws://127.0.0.1:\(port)"))
      let closure = try await Self.client().withSocket(to: url) { _, messages in
        while let message = await messages.next() { heard.withLock { $0.append(String(decoding: message, as: UTF8.self)) } }
      }
      #expect(closure == SocketClosure(code: 4004, reason: "enough", isByPeer: true))
      #expect(heard.withLock { $0 } == ["first", "second"])
    }
  }

  struct BadAnswer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let answer: String
    let error: SocketConnectError
  }

  @Test(
    "An answer that opens no WebSocket is told apart",
    arguments: [
      BadAnswer(
        testDescription: "forbidden", answer: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", error: .refused(status: 403)),
      BadAnswer(
        testDescription: "ordinary page", answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", error: .refused(status: 200)),
      BadAnswer(
        testDescription: "accept of another key", answer: String(decoding: WebSocketPeer.switching("AAAA"), as: UTF8.self),
        error: .notWebSocket),
      BadAnswer(testDescription: "bare 101", answer: "HTTP/1.1 101 Switching Protocols\r\n\r\n", error: .notWebSocket),
      BadAnswer(testDescription: "no HTTP", answer: "SSH-2.0-OpenSSH_9.2\r\n\r\n", error: .notWebSocket),
      BadAnswer(testDescription: "nothing", answer: "", error: .unreachable),
    ])
  func badAnswers(_ bad: BadAnswer) async throws {
    try await RawServer.run { connection in
      _ = await WebSocketPeer(connection)
      await connection.send(bad.answer)
    } _: { port in
      let url = try #require(SocketURL("ws://127.0.0.1:\(port)"))
      let client = try Self.client()
      #expect(await failure(of: client, to: url) == bad.error)
    }
  }

  @Test("A peer that takes the connection and says nothing is given up")
  func silentPeer() async throws {
    try await RawServer.run { connection in
      while await connection.read(1) != nil {}
    } _: { port in
      let url = try #require(SocketURL("ws://127.0.0.1:\(port)"))
      var client = try Self.client()
      client.handshakeTimeout = .milliseconds(50)
      #expect(await failure(of: client, to: url) == SocketConnectError.timedOut)
    }
  }

  @Test("Nobody at the port is not the same as a refusal")
  func nobody() async throws {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
    let port = channel.localAddress?.port ?? 0
    try await channel.close()
    let url = try #require(SocketURL("ws://127.0.0.1:\(port)"))
    let client = try Self.client()
    #expect(await failure(of: client, to: url) == SocketConnectError.unreachable)
  }

  @Test("A half-open peer is pinged and given up; the reader sees the end")
  func halfOpen() async throws {
    let closure = try await meet {
      $0.configuration.pingInterval = .milliseconds(20)
      $0.configuration.pongTimeout = .milliseconds(50)
    } peer: { peer in
      while await peer.read() != nil {}
    } client: { _, messages in
      while await messages.next() != nil {}
    }
    #expect(closure == .lost)
  }

  @Test("A connection that breaks ends with 1006")
  func broken() async throws {
    let closure = try await meet { _ in
    } client: { _, messages in
      while await messages.next() != nil {}
    }
    #expect(closure == .lost)
  }

  @Test("A close frame without a code is 1005")
  func noCode() async throws {
    let closure = try await meet { peer in
      await peer.send(WebSocketClient.frame(8, [], masked: false))
      _ = await peer.read()
    } client: { _, messages in
      while await messages.next() != nil {}
    }
    #expect(closure == SocketClosure(code: 1005, reason: "", isByPeer: true))
  }

  struct Violation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let code: UInt16
  }

  @Test(
    "A server that breaks RFC 6455 is told so and left",
    arguments: [
      Violation(testDescription: "masked", bytes: WebSocketClient.text("{}"), code: 1002),
      Violation(
        testDescription: "reserved bit", bytes: WebSocketClient.frame(1, [0x7b], masked: false, reserved: 0x40), code: 1002),
      Violation(testDescription: "unknown opcode", bytes: WebSocketClient.frame(3, [], masked: false), code: 1002),
      Violation(testDescription: "continuation of nothing", bytes: WebSocketClient.frame(0, [], masked: false), code: 1002),
      Violation(testDescription: "binary", bytes: WebSocketClient.frame(2, [1], masked: false), code: 1003),
      Violation(testDescription: "not UTF-8", bytes: WebSocketClient.frame(1, [0xff], masked: false), code: 1007),
      Violation(testDescription: "huge", bytes: [0x81, 127, 0, 0, 0, 0, 0x40, 0, 0, 0], code: 1009),
    ])
  func violations(_ violation: Violation) async throws {
    let told = Mutex<Int?>(nil)
    let closure = try await meet { peer in
      await peer.send(violation.bytes)
      let code = await peer.read()?.code
      told.withLock { $0 = code }
      await peer.close(1000)
    } client: { _, messages in
      while await messages.next() != nil { Issue.record("a message came through") }
    }
    #expect(closure.code == violation.code)
    #expect(!closure.isByPeer)
    #expect(told.withLock { $0 } == Int(violation.code))
  }

  @Test("A peer that floods is read no faster than its messages are taken")
  func backPressure() async throws {
    let sent = Mutex(0)
    let flood = Mutex<(any Channel)?>(nil)
    let frame = ByteBuffer(bytes: WebSocketClient.frame(1, Array(repeating: UInt8(ascii: "x"), count: 1 << 20), masked: false))
    try await RawServer.run(setUp: { channel in
      flood.withLock { $0 = channel }
    }) { connection in
      guard let socket = await WebSocketPeer(connection) else { return }
      await socket.accept(WebSocketPeer.acceptance(of: socket.headers["sec-websocket-key"] ?? ""))
      let channel = flood.withLock { $0 }
      for _ in 0..<200 {
        // Returns when the kernel has taken it.
        try await channel?.writeAndFlush(frame)
        sent.withLock { $0 += 1 }
      }
      await socket.close(1000)
    } _: { port in
      let url = try #require(SocketURL("ws://127.0.0.1:\(port)"))
      _ = try await Self.client().withSocket(to: url) { _, messages in
        var count = 0
        while let message = await messages.next() {
          count += 1
          #expect(message.count == 1 << 20)
          // What is on the way: the kernels' buffers, up to 36 MiB, and 8 messages here.
          #expect(sent.withLock { $0 } < count + 60)
        }
        #expect(count == 200)
      }
    }
  }

  @Test("A cancelled task leaves an open socket at once")
  func cancellation() async throws {
    try await RawServer.run { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await socket.accept(SocketKey.accept(socket.headers["sec-websocket-key"] ?? "") ?? "")
      while await socket.read() != nil {}
    } _: { port in
      let url = try #require(SocketURL("ws://127.0.0.1:\(port)"))
      let client = try Self.client()
      let (opened, open) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        try await client.withSocket(to: url) { _, messages in
          open.yield()
          while await messages.next() != nil {}
        }
      }
      for await _ in opened { break }
      task.cancel()
      _ = try await task.value
    }
  }

  @Test("TLS is spoken to wss, and only with a certificate that is trusted", arguments: [true, false])
  func tls(isTrusted: Bool) async throws {
    let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
    let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
    let server = try NIOSSLContext(
      configuration: .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    try await RawServer.run(setUp: { channel in
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: server))
    }) { connection in
      guard var socket = await WebSocketPeer(connection) else { return }
      await socket.accept(SocketKey.accept(socket.headers["sec-websocket-key"] ?? "") ?? "")
      await socket.say("safe")
      await socket.close(1000)
      _ = await socket.read()
    } _: { port in
      var trust = TLSConfiguration.makeClientConfiguration()
      if isTrusted { trust.trustRoots = .certificates([certificate]) }
      let client = try SocketClient(tls: trust)
      for host in ["127.0.0.1", "localhost"] {
        let url = try #require(SocketURL("wss://\(host):\(port)/"))
        if isTrusted {
          let closure = try await client.withSocket(to: url) { _, messages in
            #expect(await messages.next() == Array("safe".utf8))
            #expect(await messages.next() == nil)
          }
          #expect(closure.code == 1000)
        } else {
          #expect(await failure(of: client, to: url) == SocketConnectError.insecure)
        }
      }
    }
  }

  @Test(
    "A URL is read or refused",
    arguments: [
      ("ws://h", "h", 80, "/"), ("wss://h/", "h", 443, "/"), ("WS://h:3001/a/b?c=d%26", "h", 3001, "/a/b?c=d%26"),
      ("ws://[::1]:3001", "::1", 3001, "/"), ("http://h", nil, 0, ""), ("h:3001", nil, 0, ""), ("ws://", nil, 0, ""),
      ("ws://u:p@h/", nil, 0, ""), ("ws://h/#f", nil, 0, ""), ("ws://h:99999/", nil, 0, ""), ("", nil, 0, ""),
    ] as [(String, String?, Int, String)])
  func urls(text: String, host: String?, port: Int, target: String) throws {
    let url = SocketURL(text)
    #expect(url?.host == host)
    guard let url else { return }
    #expect(url.port == port)
    #expect(url.target == target)
  }
}

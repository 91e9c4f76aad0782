import Core
import Foundation
import Logging
import NIOCore
import NIOSSL
import Operations
import TestSupport
import Testing

@testable import Gateway

@Suite("TLS", .timeLimit(.minutes(5)))
struct TLSTests {
  static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  static func certificate(_ files: TestCertificate) -> TLSCertificate {
    TLSCertificate(chainPath: files.chain.path, keyPath: files.key.path)
  }

  @Test("Requests are served with TLS as without, one after the other and with a half-closed socket")
  func requests() async throws {
    let files = try TestCertificate()
    let tls = try RawClient.tls()
    try await LiveServer.run(certificate: Self.certificate(files)) { (server: LiveServer) async throws in
      try await RawClient.connect(to: server.port, prepare: tls) { (client: inout RawClient) async throws in
        for id in ["e1", "e2", "e3"] {
          await client.send(Request.post(Request.event(id)))
          #expect(try await client.readResponse()?.status == 200)
        }
        await client.send(Request.get("/healthz", headers: ["Connection: close"]))
        #expect(try await client.readResponse()?.status == 200)
        #expect(await client.isAtEnd())
      }
      try await RawClient.connect(to: server.port, prepare: tls) { (client: inout RawClient) async throws in
        await client.send(Request.post(Request.event("e4")))
        client.closeOutput()
        #expect(try await client.readResponse()?.status == 200)
      }
      #expect(server.journal.messageIDs == ["e1", "e2", "e3", "e4"])
    }
  }

  @Test("WebSockets are served with TLS as without")
  func sockets() async throws {
    let files = try TestCertificate()
    let tls = try RawClient.tls()
    try await LiveServer.run(certificate: Self.certificate(files)) { (server: LiveServer) async throws in
      try await WebSocketClient.open(server.port, first: WebSocketClient.text(Request.event("e1")), prepare: tls) { socket in
        await socket.send(WebSocketClient.text(#"{"type":"heartbeat","say":"hello"}"#))
        #expect(await socket.read()?.text == "hello")
        await socket.send(WebSocketClient.close(1000))
        #expect(await socket.read()?.code == 1000)
      }
      #expect(server.journal.messageIDs == ["e1"])
    }
  }

  @Test("At a shutdown sockets are closed with 1001 and idle connections end, with TLS as without")
  func shutdown() async throws {
    let files = try TestCertificate()
    let tls = try RawClient.tls()
    try await LiveServer.run(certificate: Self.certificate(files)) { (server: LiveServer) async throws in
      try await RawClient.connect(to: server.port, prepare: tls) { (client: inout RawClient) async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.status == 200)
        try await WebSocketClient.open(server.port, prepare: tls) { socket in
          await server.beginShutdown()
          #expect(await socket.read()?.code == 1001)
          #expect(await socket.finishClose())
        }
        #expect(await client.isAtEnd())
      }
    }
  }

  @Test("Plain HTTP, garbage and versions before 1.2 get no answer, and are counted")
  func refused() async throws {
    let files = try TestCertificate()
    let old = try RawClient.tls(maximum: .tlsv11)
    try await LiveServer.run(certificate: Self.certificate(files)) { (server: LiveServer) async throws in
      #expect(try await RawClient.ask(server.port, Request.get("/healthz")) == nil)
      #expect(try await RawClient.ask(server.port, [UInt8](repeating: 0x16, count: 3000)) == nil)
      _ = try? await RawClient.connect(to: server.port, prepare: old) { (client: inout RawClient) async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse() == nil)
      }
      #expect(server.counters.value(of: .refusals, "-", "tls_failed") == 3)
      let tls = try RawClient.tls()
      try await RawClient.connect(to: server.port, prepare: tls) { (client: inout RawClient) async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.status == 200)
      }
    }
  }

  @Test("A handshake that does not come to its end is ended")
  func slowHandshake() async throws {
    let files = try TestCertificate()
    try await LiveServer.run(configure: { $0.handshakeTimeout = .milliseconds(50) }, certificate: Self.certificate(files)) {
      (server: LiveServer) async throws in
      try await RawClient.connect(to: server.port) { (client: inout RawClient) async throws in
        await client.send([0x16, 0x03, 0x01])
        #expect(await client.isAtEnd())
      }
      #expect(server.counters.value(of: .refusals, "-", "tls_failed") == 1)
    }
  }

  @Test("TLS on the plain port is answered as what it is: no HTTP")
  func plainPort() async throws {
    try await LiveServer.run { (server: LiveServer) async throws in
      let hello: [UInt8] = [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x00]
      #expect(try await RawClient.ask(server.port, hello, thenClose: true)?.status == 400)
    }
  }

  @Test("A renewed certificate is used by new connections while old ones go on; a broken pair changes nothing and is reported")
  func renewal() async throws {
    let files = try TestCertificate(name: "first.example")
    let health = Health()
    let keeper = try TLSKeeper(Self.certificate(files), health: health, logger: Self.logger)
    let first = keeper.context
    keeper.reload()
    #expect(keeper.context === first)

    let key = try Data(contentsOf: files.key)
    try files.replace(with: "second.example")
    keeper.reload()
    let second = keeper.context
    #expect(second !== first)
    #expect(health.summary["tls"] == "ok")

    // The old key beside the new certificate: a renewal that stopped half-way.
    try key.write(to: files.key)
    keeper.reload()
    #expect(keeper.context === second)
    #expect(health.failures.isEmpty)
    #expect(health.summary["tls"]?.string?.hasPrefix("degraded: the last good certificate stays in use") == true)

    try files.replace(with: "third.example")
    keeper.reload()
    #expect(keeper.context !== second)
    #expect(health.summary["tls"] == "ok")
  }

  @Test("The files are watched: the next connection gets the new certificate")
  func watched() async throws {
    let files = try TestCertificate(name: "first.example")
    let (names, seen) = AsyncStream<String>.makeStream()
    let tls = try RawClient.tls(sees: { seen.yield($0) })
    var iterator = names.makeAsyncIterator()
    try await LiveServer.run(certificate: Self.certificate(files)) { (server: LiveServer) async throws in
      func name() async throws -> String {
        try await RawClient.connect(to: server.port, prepare: tls) { (client: inout RawClient) async throws in
          await client.send(Request.get("/healthz"))
          #expect(try await client.readResponse()?.status == 200)
        }
        return await iterator.next() ?? ""
      }
      let first = try await name()
      #expect(first.contains("first.example"))
      try files.replace(with: "second.example")
      // The watcher waits for quiet; until then the old one is served.
      while try await !name().contains("second.example") {}
    }
  }

  /// What is wrong with the files, and the words for it.
  static let broken: [(@Sendable (TestCertificate) throws -> Void, String)] = [
    ({ try FileManager.default.removeItem(at: $0.chain) }, "cannot be read"),
    ({ try FileManager.default.removeItem(at: $0.key) }, "cannot be read"),
    ({ try Data("nothing".utf8).write(to: $0.chain) }, "holds no certificate"),
    ({ try Data().write(to: $0.chain) }, "holds no certificate"),
    ({ try Data("nothing".utf8).write(to: $0.key) }, "holds no private key"),
    ({ try Data(contentsOf: $0.chain).write(to: $0.key) }, "holds no private key"),
    (
      {
        let other = try TestCertificate()
        try Data(contentsOf: other.key).write(to: $0.key)
      }, "does not belong"
    ),
    ({ _ = chmod($0.key.path, 0o644) }, "chmod 600"),
    ({ try Data(count: 2 << 20).write(to: $0.chain) }, "larger than 1 MiB"),
    (
      {
        try FileManager.default.removeItem(at: $0.chain)
        try FileManager.default.createDirectory(at: $0.chain, withIntermediateDirectories: true)
      }, "not a regular file"
    ),
  ]

  @Test("Files that cannot be used are refused with the reason", arguments: broken.indices)
  func refusesFiles(index: Int) throws {
    let files = try TestCertificate()
    try Self.broken[index].0(files)
    let error = #expect(throws: TLSError.self) {
      try TLSKeeper(Self.certificate(files), health: Health(), logger: Self.logger)
    }
    #expect(error?.description.contains(Self.broken[index].1) == true, "\(error?.description ?? "")")
  }
}

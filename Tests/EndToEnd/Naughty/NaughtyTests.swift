import Core
import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing

/// What came of many bad requests.
private final class Tally: Sendable {
  private struct State {
    var statuses: [Int: Int] = [:]
    var unexpected: [String] = []
  }

  /// Server errors that are documented answers under load.
  private static let documented = ["overloaded", "queue_full", "bodies_full"]
  private let state = Mutex(State())

  var statuses: [Int: Int] { state.withLock(\.statuses) }
  var unexpected: [String] { state.withLock(\.unexpected) }

  func note(_ answer: RawResponse, to request: NaughtyRequest) {
    state.withLock { state in
      state.statuses[answer.status, default: 0] += 1
      let isDocumented = answer.status == 503 && Self.documented.contains { answer.body.contains("\"\($0)\"") }
      guard answer.status >= 500, !isDocumented else { return }
      state.unexpected.append("\(request.kind): \(answer.status) \(answer.body)")
    }
  }
}

@Suite("A naughty client", .serialized, .timeLimit(.minutes(5)))
struct NaughtyTests {
  /// The same in every run; NAUGHTY_SEED in the environment tries another.
  static let seed = ProcessInfo.processInfo.environment["NAUGHTY_SEED"].flatMap { UInt64($0) } ?? 20_261_125
  static let batch = 500
  /// A runner for skills may be started at any time; against thousands of connections its sockets are nothing.
  static let runnerSockets = 2

  /// Sends one request, ends its side, and reads what comes until the server has ended its own.
  private static func attempt(_ request: NaughtyRequest, on port: Int, _ tally: Tally) async throws {
    try await RawClient.connect(to: port) { (client: inout RawClient) async throws in
      await client.send(request.bytes)
      guard !request.leavesAtOnce else { return }
      client.closeOutput()
      while let answer = try await client.readResponse() { tally.note(answer, to: request) }
    }
  }

  private static func attempt(_ requests: [NaughtyRequest], on port: Int, _ tally: Tally) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      var waiting = requests.makeIterator()
      for _ in 0..<24 {
        guard let request = waiting.next() else { break }
        group.addTask { try await attempt(request, on: port, tally) }
      }
      while try await group.next() != nil {
        guard let request = waiting.next() else { continue }
        group.addTask { try await attempt(request, on: port, tally) }
      }
    }
  }

  /// Sends a byte now and then, and returns what it was told before the connection was ended.
  private static func drip(_ bytes: [UInt8], on port: Int) async throws -> Int? {
    try await RawClient.connect(to: port) { (client: inout RawClient) async throws in
      await client.send(bytes)
      let send = client.sender
      let dripping = Task {
        while !Task.isCancelled {
          await send("x")
          // The pace is the attack.
          try await Task.sleep(for: .milliseconds(500))
        }
      }
      defer { dripping.cancel() }
      return try await client.readResponse()?.status
    }
  }

  /// A request that is in order, from an address of its own, is accepted and answered in the chat.
  private static func askWell(_ id: String, _ platform: QQPlatform, _ port: Int) async throws {
    let answer = try await platform.deliver(
      QQPlatform.groupMessage(id, "/echo \(id)", from: "ALICE"), to: port, headers: ["X-Forwarded-For": "203.0.113.9"])
    #expect(answer.status == 200, "\(answer.body)")
    #expect(try await platform.answers(to: id) == [id])
  }

  private static func configuration(_ platform: QQPlatform) -> String {
    platform.channelConfiguration + "\n" + OneBotImplementation.channelConfiguration
  }

  private static let environment = ["QQ_SECRET": QQPlatform.secret].merging(OneBotImplementation.environment) { $1 }

  @Test("10,000 bad requests: no crash, no hang, no undocumented server error, no growth, and good ones are served in between")
  func tenThousand() async throws {
    let platform = try await QQPlatform.start()
    let house = try House(
      channels: Self.configuration(platform), server: "server: { trusted_proxies: [127.0.0.1] }", skills: ["echo"])
    let service = try await ServiceProcess.start(in: house.folder, environment: Self.environment)
    let port = service.port
    var generator = try NaughtyGenerator(seed: Self.seed, now: WallClock.system.now().seconds)
    let tally = Tally()

    // With the connections and processes that good requests need and that are kept for the next one.
    try await Self.askWell("good-0", platform, port)
    let descriptors = service.descriptors

    // Those who never finish are there all the time.
    let head = Array("POST /qq/webhook/main HTTP/1.1\r\nHost: a\r\nX-Slow: ".utf8)
    let body = Request.head([
      "POST /qq/webhook/main HTTP/1.1", "Host: a", "Content-Type: application/json", "X-Forwarded-For: 203.0.113.200",
      "Content-Length: 60000",
    ])
    let slowHeads = Task {
      try await withThrowingTaskGroup(of: Int?.self) { group in
        for _ in 0..<50 { group.addTask { try await Self.drip(head, on: port) } }
        return try await group.reduce(into: [Int?]()) { $0.append($1) }
      }
    }
    let slowBodies = Task {
      try await withThrowingTaskGroup(of: Int?.self) { group in
        for _ in 0..<50 { group.addTask { try await Self.drip(body, on: port) } }
        return try await group.reduce(into: [Int?]()) { $0.append($1) }
      }
    }

    var memory = 0
    for round in 1...20 {
      let requests = try (0..<Self.batch).map { _ in try generator.next() }
      try await Self.attempt(requests, on: port, tally)
      try await Self.askWell("good-\(round)", platform, port)
      if round == 4 { memory = service.memory }
    }
    #expect(tally.unexpected.isEmpty, "\(tally.unexpected.prefix(5))")
    // Memory that only comes back with time would be counted as lost: everything must be over.
    #expect(try await slowBodies.value.allSatisfy { $0 == 408 })
    #expect(try await slowHeads.value.allSatisfy { $0 == nil || $0 == 431 })
    let growth = service.memory - memory
    print(
      "naughty: statuses \(tally.statuses.sorted { $0.key < $1.key }), memory \(memory >> 20) MiB, growth \(growth >> 10) KiB")
    #expect(growth < 16 << 20, "\(growth >> 10) KiB")
    // Sockets linger for two seconds; a request takes well over a millisecond.
    for _ in 0..<5000 where service.descriptors.sockets > descriptors.sockets + Self.runnerSockets {
      #expect(try await RawClient.ask(port, Request.get("/healthz"))?.status == 200)
    }
    #expect(service.descriptors.sockets <= descriptors.sockets + Self.runnerSockets)
    // The database opens up to five readers, two files each, when they are needed; a runner has a few descriptors of its own.
    #expect(service.descriptors.all <= descriptors.all + 10 + 5 * Self.runnerSockets)
    #expect(await service.terminate() == 0)
    #expect(service.lines.allSatisfy { $0["msg"]?.string != "route failed" })
  }

  @Test("Clients that send and never read cost little memory each, and nothing once they are gone")
  func neverReads() async throws {
    let house = try House(skills: [])
    let service = try await ServiceProcess.start(in: house.folder)
    let port = service.port
    func askHealth() async throws { #expect(try await RawClient.ask(port, Request.get("/healthz"))?.status == 200) }
    for _ in 0..<100 { try await askHealth() }
    let (memory, descriptors) = (service.memory, service.descriptors)
    let count = 300
    let body = [UInt8](repeating: UInt8(ascii: "x"), count: 60_000)
    let post = Request.head(["POST /nothing HTTP/1.1", "Host: a", "Content-Length: \(body.count)"]) + body
    let flood = Array(repeatElement(post, count: 40).joined())
    try await withThrowingTaskGroup(of: Void.self) { group in
      let (connections, connected) = AsyncStream<Void>.makeStream()
      for _ in 0..<count {
        group.addTask {
          try await RawClient.connect(to: port) { (client: inout RawClient) async throws in
            connected.yield()
            // Ends when the group is cancelled: the server takes no more than it has room for.
            await client.send(flood)
          }
        }
      }
      var arrivals = connections.makeAsyncIterator()
      for _ in 0..<count { await arrivals.next() }
      // Whatever they get in is in by the time that so many others were served.
      for _ in 0..<1000 { try await askHealth() }
      let growth = service.memory - memory
      print("never read: \(growth >> 10) KiB for \(count) connections")
      #expect(growth < count * 160 * 1024, "\(growth >> 10) KiB")
      group.cancelAll()
    }
    for _ in 0..<5000 where service.descriptors.sockets > descriptors.sockets + Self.runnerSockets { try await askHealth() }
    #expect(service.descriptors.sockets <= descriptors.sockets + Self.runnerSockets)
    #expect(await service.terminate() == 0)
  }

  @Test("On the TLS port plain HTTP and garbage end without an answer, and TLS clients are served in between")
  func tlsPort() async throws {
    let files = try TestCertificate()
    let house = try House(skills: ["echo"])
    let service = try await ServiceProcess.start(
      in: house.folder, arguments: ["--tls-cert", files.chain.path, "--tls-key", files.key.path])
    var generator = try NaughtyGenerator(seed: Self.seed, now: WallClock.system.now().seconds)
    let tally = Tally()
    let tls = try RawClient.tls()
    let descriptors = service.descriptors
    for _ in 0..<4 {
      try await Self.attempt(try (0..<250).map { _ in try generator.next() }, on: service.port, tally)
      try await RawClient.connect(to: service.port, prepare: tls) { (client: inout RawClient) async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.status == 200)
      }
    }
    #expect(tally.statuses.isEmpty, "\(tally.statuses)")
    let chat = try await Finished.run(
      ServiceProcess.program("openclaw"), ["chat", "--url", "https://127.0.0.1:\(service.port)"], in: house.folder,
      input: "/echo over TLS\n")
    #expect(chat.output == "over TLS\n", "\(chat.errors)")
    for _ in 0..<5000 where service.descriptors.sockets > descriptors.sockets + Self.runnerSockets {
      try await RawClient.connect(to: service.port, prepare: tls) { (client: inout RawClient) async throws in
        await client.send(Request.get("/healthz"))
        #expect(try await client.readResponse()?.status == 200)
      }
    }
    #expect(service.descriptors.sockets <= descriptors.sockets + Self.runnerSockets)
    // The database opens up to five readers, two files each, when they are needed; a runner has a few descriptors of its own.
    #expect(service.descriptors.all <= descriptors.all + 10 + 5 * Self.runnerSockets)
    #expect(await service.terminate() == 0)
  }

  @Test(
    "A certificate that cannot be used is bad configuration, with the reason",
    arguments: [
      (["--tls-cert", "none.pem", "--tls-key", "none.pem"], "none.pem cannot be read"),
      (["--tls-cert", "none.pem"], "'server' needs both 'tls_cert' and 'tls_key'"),
    ])
  func badCertificate(arguments: [String], reason: String) async throws {
    let house = try House(skills: [])
    let finished = try await Finished.run(
      ServiceProcess.program("openclaw"), ["serve", "--port", "0"] + arguments, in: house.folder)
    #expect(finished.status == 78)
    #expect(finished.errors.contains(reason), "\(finished.errors)")
  }
}

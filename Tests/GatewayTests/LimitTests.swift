import Core
import Foundation
import Logging
import Operations
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("Limits of the gateway", .timeLimit(.minutes(5)))
struct LimitTests {
  /// Counts how often it is asked for the check of a signature.
  final class CountingWebhook: WebhookChannel {
    let name = "main"
    let acknowledgement = WebhookAnswer(status: 200, body: nil)
    let checks = Mutex(0)

    func authenticate(_ request: WebhookRequest) throws(Refusal) -> Authentication {
      checks.withLock { $0 += 1 }
      switch request.headers["x-token"] {
      case "good": return .verified
      case "none": return .unsigned
      default: throw Refusal(status: 401, code: "signature_invalid", message: "no")
      }
    }

    func interpret(
      _ document: JSON, of request: WebhookRequest, authentication: Authentication, requestID: RequestID
    ) throws(Refusal) -> Interpretation {
      try FakeFormat.interpret(document, channel: name, receivedAt: request.receivedAt, requestID: requestID)
    }
  }

  static func admission(
    _ limits: AdmissionLimits, clock: ManualClock = ManualClock(), journal: FakeJournal = FakeJournal(),
    rawEvents: RawEventKeeper? = nil
  ) -> Admission {
    Admission(
      journal: journal, limits: limits, rawEvents: rawEvents, clock: clock.clock, counters: Counters(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, pause: { _ in await Task.yield() })
  }

  static func request(_ token: String, _ body: String, at clock: ManualClock) -> WebhookRequest {
    WebhookRequest(headers: ["x-token": token], body: Array(body.utf8), remoteAddress: "192.0.2.1", receivedAt: clock.now)
  }

  static func code(_ verdict: Admission.Verdict) -> String {
    switch verdict {
    case .answer(let answer): String(answer.status)
    case .refusal(let refusal): refusal.code
    }
  }

  @Test("Requests that prove nothing cost no more checks than their address may have; others cost it nothing")
  func addressBudget() async {
    let clock = ManualClock()
    let admission = Self.admission(AdmissionLimits(address: RateLimit(perMinute: 60, burst: 3)), clock: clock)
    let channel = CountingWebhook()
    func ask(_ token: String, from address: String, _ body: String = #"{"type":"heartbeat"}"#) async -> String {
      Self.code(
        await admission.admit(
          Self.request(token, body, at: clock), from: address, to: channel, requestID: RequestID(at: clock.now)))
    }
    for _ in 0..<50 { #expect(await ask("good", from: "a") == "200") }
    for _ in 0..<3 { #expect(await ask("bad", from: "a") == "signature_invalid") }
    #expect(channel.checks.withLock { $0 } == 53)
    for _ in 0..<100 { #expect(await ask("bad", from: "a") == "rate_limited_address") }
    #expect(channel.checks.withLock { $0 } == 53)
    #expect(await ask("bad", from: "b") == "signature_invalid")
    clock.advance(by: .seconds(1))
    #expect(await ask("good", from: "a") == "200")
    #expect(await ask("bad", from: "a") == "signature_invalid")
    #expect(await ask("bad", from: "a") == "rate_limited_address")
    // What needs no signature proves nothing either.
    for _ in 0..<3 { #expect(await ask("none", from: "c") == "200") }
    #expect(await ask("none", from: "c") == "rate_limited_address")
  }

  @Test("A channel has an allowance of its own, for events and for requests that cost an answer")
  func channelBudget() async {
    let clock = ManualClock()
    let admission = Self.admission(AdmissionLimits(channel: RateLimit(perMinute: 1, burst: 2)), clock: clock)
    let channel = CountingWebhook()
    func ask(_ body: String) async -> String {
      Self.code(await admission.admit(Self.request("good", body, at: clock), to: channel, requestID: RequestID(at: clock.now)))
    }
    #expect(await ask(#"{"type":"control"}"#) == "200")
    #expect(await ask(Request.event("e1")) == "200")
    #expect(await ask(Request.event("e2")) == "rate_limited_channel")
    #expect(await ask(#"{"type":"control"}"#) == "rate_limited_channel")
    #expect(await ask(#"{"type":"whatever"}"#) == "200")
  }

  @Test("Two instances on one store share every allowance, as soon as they have told each other")
  func instances() async throws {
    let store = try TemporaryStore()
    let clock = ManualClock()
    let limits = AdmissionLimits(sender: RateLimit(perMinute: 1, burst: 3))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let channel = CountingWebhook()
    let instances = (0..<2).map { _ in Self.admission(limits, clock: clock) }
    let keepers = instances.map { RateKeeper(admission: $0, store: store.store, logger: logger) }
    func ask(_ index: Int) async -> String {
      Self.code(
        await instances[index].admit(
          Self.request("good", Request.event(UUID().uuidString, sender: "s"), at: clock), from: "a", to: channel,
          requestID: RequestID(at: clock.now)))
    }
    #expect(await ask(0) == "200")
    #expect(await ask(1) == "200")
    for keeper in keepers { await keeper.save() }
    #expect(await ask(1) == "200")
    #expect(await ask(1) == "rate_limited_sender")
    for keeper in keepers.reversed() { await keeper.save() }
    // It has spent one itself, and learns of the others' when it next spends.
    #expect(await ask(0) == "200")
    await keepers[0].save()
    #expect(await ask(0) == "rate_limited_sender")
  }

  @Test("What was used up stays used up over a restart; a clock that was set back makes nobody wait for hours")
  func restart() async throws {
    let store = try TemporaryStore()
    let clock = ManualClock()
    let limits = AdmissionLimits(
      sender: RateLimit(perMinute: 1, burst: 2), channel: RateLimit(perMinute: 1000, burst: 1000),
      address: RateLimit(perMinute: 1, burst: 1))
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let channel = CountingWebhook()
    func ask(_ admission: Admission, _ token: String = "good") async -> String {
      Self.code(
        await admission.admit(
          Self.request(token, Request.event(UUID().uuidString, sender: "s"), at: clock), from: "a", to: channel,
          requestID: RequestID(at: clock.now)))
    }
    func start() async -> (Admission, RateKeeper) {
      let admission = Self.admission(limits, clock: clock)
      let keeper = RateKeeper(admission: admission, store: store.store, logger: logger)
      await keeper.restore()
      return (admission, keeper)
    }
    let (first, firstKeeper) = await start()
    #expect(await ask(first) == "200")
    #expect(await ask(first) == "200")
    #expect(await ask(first, "bad") == "signature_invalid")
    await firstKeeper.save()

    let (second, secondKeeper) = await start()
    #expect(await ask(second, "bad") == "rate_limited_address")
    clock.advance(by: .seconds(60))
    #expect(await ask(second) == "200")
    #expect(await ask(second) == "rate_limited_sender")
    await secondKeeper.save()

    clock.advance(by: .seconds(-86_400))
    let (third, thirdKeeper) = await start()
    #expect(await ask(third) == "rate_limited_sender")
    clock.advance(by: .seconds(120))
    #expect(await ask(third) == "200")
    await thirdKeeper.save()

    // Cells that are full again do not stay.
    clock.advance(by: .seconds(86_400 * 2))
    let (fourth, fourthKeeper) = await start()
    #expect(await ask(fourth) == "200")
    await fourthKeeper.save()
    #expect(try await store.store.cells().allSatisfy { $0.paidUntil > clock.now.milliseconds * 1000 })
  }

  @Test("Bodies in memory are bounded over all connections, and the room is given back")
  func bodies() async throws {
    try await LiveServer.run(configure: { $0.maximumBodies = 40_000 }) { (server: LiveServer) async throws in
      let body = "{\"type\":\"event\",\"id\":\"big\",\"text\":\"\(String(repeating: "x", count: 30_000))\"}"
      let head = Request.head([
        "POST /qq/webhook/main HTTP/1.1", "Host: localhost", "X-Token: good", "Content-Type: application/json",
        "Content-Length: \(body.utf8.count)",
      ])
      server.journal.hold()
      var arrivals = server.journal.arrivals.makeAsyncIterator()
      async let first = RawClient.ask(server.port, head + Array(body.utf8))
      await arrivals.next()
      let second = try await RawClient.ask(server.port, head + Array(body.utf8))
      #expect(second?.status == 503)
      #expect(second?.headers["retry-after"] == "1")
      #expect(second?.body.contains("bodies_full") == true)
      server.journal.release()
      #expect(try await first?.status == 200)
      #expect(try await RawClient.ask(server.port, head + Array(body.utf8))?.status == 200)
    }
  }

  @Test("Requests that are piled up on one connection are answered up to the limit, and then refused")
  func pipelining() async throws {
    try await LiveServer.run(configure: { $0.maximumPipelined = 8 }) { (server: LiveServer) async throws in
      server.journal.hold()
      try await RawClient.connect(to: server.port) { (client: inout RawClient) async throws in
        let one = Request.post(Request.event("first"))
        let many = (0..<5000).flatMap { _ in Request.get("/healthz") }
        await client.send(one + many)
        var arrivals = server.journal.arrivals.makeAsyncIterator()
        await arrivals.next()
        server.journal.release()
        var statuses: [Int] = []
        while let answer = try await client.readResponse() { statuses.append(answer.status) }
        #expect(statuses == Array(repeating: 200, count: 8) + [429])
      }
      #expect(server.counters.value(of: .refusals, "-", "pipeline_too_long") == 1)
    }
  }

  @Test("Within the limit pipelined requests are all answered")
  func allowedPipelining() async throws {
    try await LiveServer.run { (server: LiveServer) async throws in
      try await RawClient.connect(to: server.port) { (client: inout RawClient) async throws in
        for _ in 0..<20 {
          await client.send((0..<16).flatMap { _ in Request.get("/healthz") })
          for _ in 0..<16 {
            let status = try await client.readResponse()?.status
            #expect(status == 200)
          }
        }
      }
    }
  }

  @Test("One address has so many connections and no more")
  func connections() async throws {
    try await LiveServer.run(configure: { $0.maximumConnectionsPerAddress = 2 }) { (server: LiveServer) async throws in
      try await RawClient.connect(to: server.port) { (first: inout RawClient) async throws in
        await first.send(Request.get("/healthz"))
        #expect(try await first.readResponse()?.status == 200)
        try await RawClient.connect(to: server.port) { (second: inout RawClient) async throws in
          await second.send(Request.get("/healthz"))
          #expect(try await second.readResponse()?.status == 200)
          try await RawClient.connect(to: server.port) { (third: inout RawClient) async throws in
            await third.send(Request.get("/healthz"))
            let answer = try await third.readResponse()
            #expect(answer == nil)
          }
        }
      }
      #expect(server.counters.value(of: .refusals, "-", "too_many_connections") == 1)
    }
  }

  @Test("Whoever tries tokens on upgrades pays for each; whoever has one pays nothing")
  func upgrades() async throws {
    try await LiveServer.run(limits: AdmissionLimits(address: RateLimit(perMinute: 1, burst: 3))) {
      (server: LiveServer) async throws in
      for _ in 0..<10 { try await WebSocketClient.open(server.port) { _ in } }
      func attempt(_ token: String) async throws -> Int? {
        let upgrade = WebSocketClient.upgrade(headers: ["Authorization: Bearer \(token)", "X-Self-ID: 1"])
        return try await RawClient.ask(server.port, upgrade)?.status
      }
      var statuses: [Int?] = []
      for token in ["a", "b", "c", "d", "e"] { statuses.append(try await attempt(token)) }
      #expect(statuses == [403, 403, 403, 429, 429])
      #expect(server.counters.value(of: .refusals, "sockets", "rate_limited_address") == 2)
    }
  }

  @Test("In a real queue that nobody empties the ranks end one after the other, decisions last")
  func realQueue() async throws {
    let temporary = try TemporaryStore()
    let clock = ManualClock()
    let admission = Admission(
      journal: Inbox(store: temporary.store, limit: 20, onAccepted: {}),
      limits: AdmissionLimits(sender: RateLimit(perMinute: 1000, burst: 1000), group: RateLimit(perMinute: 1000, burst: 1000)),
      relevance: { $0.text == "background" ? .background : $0.text == "decision" ? .decision : .request }, clock: clock.clock,
      counters: Counters(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let channel = CountingWebhook()
    let kinds = [
      ("background", ",\"group\":\"g\""), ("group", ",\"group\":\"g\""), ("direct", ""), ("decision", ",\"group\":\"g\""),
    ]
    var taken: [String: Int] = [:]
    var last: [String: String] = [:]
    for number in 0..<20 {
      for (text, group) in kinds {
        let body = "{\"type\":\"event\",\"id\":\"\(text)\(number)\",\"text\":\"\(text)\"\(group)}"
        let code = Self.code(
          await admission.admit(Self.request("good", body, at: clock), to: channel, requestID: RequestID(at: clock.now)))
        if code == "200" { taken[text, default: 0] += 1 }
        last[text] = code
      }
    }
    #expect(taken.values.reduce(0, +) == 20)
    // Background ends at 14 of 20, requests in groups at 17, direct ones at 19.
    #expect(taken == ["background": 4, "group": 5, "direct": 5, "decision": 6])
    #expect(last == ["background": "overloaded", "group": "overloaded", "direct": "overloaded", "decision": "queue_full"])
  }

  @Test("Whatever comes and goes, the ledger and the budget end where they began", arguments: [1, 2, 3] as [UInt64])
  func walks(seed: UInt64) throws {
    var random = SplitMix(state: seed)
    let ledger = ConnectionLedger(limit: 3, proxies: TrustedProxies())
    let budget = BodyBudget(limit: 1000)
    var tickets: [ConnectionLedger.Ticket] = []
    var bodies: [BudgetedBody] = []
    for _ in 0..<2000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: if let ticket = ledger.enter("192.0.2.\(Int.random(in: 0..<5, using: &random))") { tickets.append(ticket) }
      case 1: if let ticket = tickets.popLast() { ledger.leave(ticket) }
      case 2:
        var body = BudgetedBody(budget: budget)
        let size = Int.random(in: 0..<400, using: &random)
        if body.append([UInt8](repeating: 0, count: size)) { bodies.append(body) } else { body.release() }
      default:
        guard var body = bodies.popLast() else { continue }
        if body.append([1, 2, 3]) { bodies.append(body) } else { body.release() }
        if bodies.count > 3, var first = bodies.popLast() { first.release() }
      }
      #expect(tickets.count <= 15)
      #expect(budget.used == bodies.reduce(0) { $0 + $1.bytes.count })
      #expect(budget.used <= 1000)
    }
    for ticket in tickets { ledger.leave(ticket) }
    while var body = bodies.popLast() { body.release() }
    #expect(ledger.addresses == 0)
    #expect(budget.used == 0)
  }
}

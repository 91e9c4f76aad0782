import Core
import TestSupport
import Testing

@testable import Gateway

@Suite("Trusted proxies")
struct TrustedProxiesTests {
  /// One request and whom it counts as coming from.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var peer = "10.0.0.1"
    let headers: [String: String]
    let client: String
  }

  static let proxies = TrustedProxies(["10.0.0.0/8", "127.0.0.1", "::1"].compactMap { AddressRange($0) })

  static let cases: [Case] = [
    Case(testDescription: "nothing is said", headers: [:], client: "10.0.0.1"),
    Case(
      testDescription: "a stranger is not believed", peer: "192.0.2.7", headers: ["x-forwarded-for": "203.0.113.1"],
      client: "192.0.2.7"),
    Case(testDescription: "a trusted proxy is", headers: ["x-forwarded-for": "203.0.113.1"], client: "203.0.113.1"),
    Case(
      testDescription: "what the client made up stands further left",
      headers: ["x-forwarded-for": "127.0.0.1, 198.51.100.1, 203.0.113.1"],
      client: "203.0.113.1"),
    Case(
      testDescription: "trusted hops are passed over", headers: ["x-forwarded-for": "1.2.3.4, 203.0.113.1, 10.9.9.9"],
      client: "203.0.113.1"),
    Case(
      testDescription: "only trusted hops: the first of them", headers: ["x-forwarded-for": "10.1.1.1, 10.2.2.2"],
      client: "10.1.1.1"),
    Case(testDescription: "ports are dropped", headers: ["x-forwarded-for": "203.0.113.1:4711"], client: "203.0.113.1"),
    Case(testDescription: "version 6", headers: ["x-forwarded-for": "2001:db8::1"], client: "2001:db8::1"),
    Case(testDescription: "version 6 with a port", headers: ["x-forwarded-for": "[2001:db8::1]:4711"], client: "2001:db8::1"),
    Case(testDescription: "version 4 in version 6", headers: ["x-forwarded-for": "::ffff:203.0.113.1"], client: "203.0.113.1"),
    Case(
      testDescription: "a trusted peer in version 6", peer: "::ffff:10.0.0.1", headers: ["x-forwarded-for": "203.0.113.1"],
      client: "203.0.113.1"),
    Case(
      testDescription: "nonsense counts as the hop before it", headers: ["x-forwarded-for": "203.0.113.1, what"],
      client: "10.0.0.1"),
    Case(testDescription: "an empty hop as well", headers: ["x-forwarded-for": "203.0.113.1,"], client: "10.0.0.1"),
    Case(
      testDescription: "Forwarded", headers: ["forwarded": "for=198.51.100.1, proto=https;For=203.0.113.1"], client: "203.0.113.1"
    ),
    Case(
      testDescription: "Forwarded, quoted", headers: ["forwarded": "for=\"[2001:db8::1]:4711\";by=10.0.0.1"],
      client: "2001:db8::1"),
    Case(testDescription: "Forwarded, hidden", headers: ["forwarded": "for=_hidden"], client: "10.0.0.1"),
    Case(testDescription: "Forwarded without for", headers: ["forwarded": "by=10.0.0.1"], client: "10.0.0.1"),
    Case(
      testDescription: "both fields: neither", headers: ["forwarded": "for=203.0.113.1", "x-forwarded-for": "203.0.113.2"],
      client: "10.0.0.1"),
    Case(testDescription: "nobody behind a proxy is local", headers: ["x-forwarded-for": "127.0.0.1"], client: ""),
    Case(testDescription: "nobody behind a proxy is local, version 6", headers: ["x-forwarded-for": "::1"], client: ""),
    Case(
      testDescription: "nor behind one on this machine that hides him", peer: "127.0.0.1",
      headers: ["x-forwarded-for": "unknown"], client: ""),
    Case(testDescription: "nor behind one that says so in another way", peer: "::1", headers: ["via": "1.1 proxy"], client: ""),
    Case(testDescription: "a direct client on this machine is", peer: "127.0.0.1", headers: [:], client: "127.0.0.1"),
    Case(testDescription: "a peer without an address", peer: "", headers: [:], client: ""),
  ]

  @Test("The right-most hop that is no trusted proxy is the client", arguments: cases)
  func client(of: Case) {
    #expect(Self.proxies.client(of: Self.proxies.peer(of.peer), headers: of.headers).text == of.client)
  }

  static func unlisted(_ peer: String, headers: [String: String]) -> ClientAddress {
    TrustedProxies().client(of: TrustedProxies().peer(peer), headers: headers)
  }

  @Test("Without a setting nobody is believed, and a proxy on this machine is noticed")
  func unlisted() {
    let client = Self.unlisted("127.0.0.1", headers: ["x-forwarded-for": "203.0.113.1"])
    #expect(client.text == "")
    #expect(client.bucket == "127.0.0.1")
    #expect(client.isUnlisted)
    #expect(!Self.unlisted("192.0.2.1", headers: ["x-forwarded-for": "203.0.113.1"]).isUnlisted)
  }

  @Test("A subscriber of version 6 has one allowance for all his addresses")
  func buckets() {
    func bucket(_ text: String) -> String { Self.unlisted(text, headers: [:]).bucket }
    #expect(bucket("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64")
    #expect(bucket("2001:db8:1:2::1") == bucket("2001:db8:1:2:ffff::"))
    #expect(bucket("2001:db8:1:3::1") != bucket("2001:db8:1:2::1"))
    #expect(bucket("192.0.2.1") == "192.0.2.1")
    #expect(bucket("::ffff:192.0.2.1") == "192.0.2.1")
  }

  @Test("Whatever a client writes, it never makes itself a program on this machine", arguments: [1, 2, 3] as [UInt64])
  func neverLocal(seed: UInt64) {
    var random = SplitMix(state: seed)
    let words = [
      "127.0.0.1", "::1", "10.0.0.1", "203.0.113.1", "for=", "\"", "[", "]", ",", ";", ":", " ", "unknown", "é",
      "::ffff:127.0.0.1", "=",
    ]
    for _ in 0..<3000 {
      let value = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        words[Int.random(in: 0..<words.count, using: &random)]
      }.joined()
      for name in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
        for peer in ["127.0.0.1", "::1", "10.0.0.1", "192.0.2.1"] {
          let client = Self.proxies.client(of: Self.proxies.peer(peer), headers: [name: value])
          #expect(!LoopbackAddress.contains(client.text))
          #expect(!LocalClient.sent([name: value, "host": "localhost"], from: peer))
          if peer == "192.0.2.1" { #expect(client.text == peer) }
        }
      }
    }
  }

  @Test("One address cannot take all connections; a trusted proxy may open as many as it needs")
  func connections() throws {
    let ledger = ConnectionLedger(limit: 2, proxies: Self.proxies)
    let first = try #require(ledger.enter("192.0.2.1"))
    let second = try #require(ledger.enter("192.0.2.1"))
    #expect(ledger.enter("192.0.2.1") == nil)
    #expect(ledger.enter("::ffff:192.0.2.1") == nil)
    #expect(ledger.enter("192.0.2.2") != nil)
    for _ in 0..<10 { #expect(ledger.enter("10.0.0.1") != nil) }
    ledger.leave(first)
    #expect(ledger.enter("192.0.2.1") != nil)
    ledger.leave(second)
    #expect(ledger.addresses == 2)
  }
}

@Suite("The address of a request", .timeLimit(.minutes(5)))
struct RequestAddressTests {
  @Test("Behind a trusted proxy each client has an allowance of its own; without the setting they share one")
  func allowances() async throws {
    let limits = AdmissionLimits(address: RateLimit(perMinute: 1, burst: 1))
    func ask(_ server: LiveServer, from client: String) async throws -> Int? {
      try await RawClient.ask(
        server.port, Request.post(token: "bad", headers: ["X-Forwarded-For: \(client)"], Request.event("e")))?.status
    }
    try await LiveServer.run(
      limits: limits, configure: { $0.trustedProxies = TrustedProxies([AddressRange("127.0.0.1")].compactMap { $0 }) }
    ) { (server: LiveServer) async throws in
      #expect(try await ask(server, from: "203.0.113.1") == 403)
      #expect(try await ask(server, from: "203.0.113.1") == 429)
      #expect(try await ask(server, from: "203.0.113.2") == 403)
    }
    try await LiveServer.run(limits: limits) { (server: LiveServer) async throws in
      #expect(try await ask(server, from: "203.0.113.1") == 403)
      #expect(try await ask(server, from: "203.0.113.2") == 429)
    }
  }

  @Test("An upgrade behind a trusted proxy comes from the client, and is never local")
  func upgrades() async throws {
    try await LiveServer.run(
      configure: { $0.trustedProxies = TrustedProxies([AddressRange("127.0.0.1")].compactMap { $0 }) }
    ) { (server: LiveServer) async throws in
      for (header, address) in [("X-Forwarded-For: 203.0.113.1", "203.0.113.1"), ("X-Forwarded-For: 127.0.0.1", "")] {
        try await WebSocketClient.open(server.port, headers: ["Authorization: Bearer good", "X-Self-ID: 1", header]) { _ in }
        #expect(server.sockets.lastRequest?.remoteAddress == address)
      }
      try await WebSocketClient.open(server.port) { _ in }
      #expect(server.sockets.lastRequest?.remoteAddress == "127.0.0.1")
    }
  }
}

import Core
import Crypto
import Foundation
import TestSupport
import Testing

/// What the platform posts, with everything that it may get wrong in our hands.
private struct SignedPost {
  var body: JSON
  var secret = QQPlatform.secret
  var timestamp = WallClock.system.now().seconds
  var isSigned = true
  var headers: [String] = []

  func send(to port: Int) async throws -> RawResponse {
    let bytes = Array(body.canonical.utf8)
    var lines = [
      "POST /qq/webhook/main HTTP/1.1", "Host: localhost", "Content-Type: application/json", "X-Bot-Appid: \(QQPlatform.appID)",
      "Content-Length: \(bytes.count)", "Connection: close",
    ]
    if isSigned {
      let signature = try QQPlatform.signingKey(secret).signature(for: Array("\(timestamp)".utf8) + bytes)
      lines += ["X-Signature-Timestamp: \(timestamp)", "X-Signature-Ed25519: \(signature.hexadecimal)"]
    }
    guard let answer = try await RawClient.ask(port, Request.head(lines + headers) + bytes) else {
      throw ProcessProblem("no answer")
    }
    return answer
  }

  static let validation: JSON = ["op": 13, "d": ["plain_token": "Arq0D5A61EgUu4OxUvOp", "event_ts": "1725442341"]]
}

@Suite("The webhook's defences, end to end", .timeLimit(.minutes(5)))
struct WebhookDefenceTests {
  /// An allowance that does not fill up again while a slow machine runs a test.
  private static let narrow = ["OPENCLAW_LIMITS_ADDRESS_PER_MINUTE": "1", "OPENCLAW_LIMITS_ADDRESS_BURST": "20"]

  /// The house must outlive the service: its folder goes with it.
  private static func start(
    _ platform: QQPlatform, channel: String = "", server: String = "", secret: String = "{ env: QQ_SECRET }",
    in house: House? = nil, environment: [String: String] = [:]
  ) async throws -> (House, ServiceProcess) {
    let lines = platform.channelConfiguration.replacing("{ env: QQ_SECRET }", with: secret) + channel
    let house = try house ?? House(channels: lines, server: server, people: qqPeople, skills: ["echo"])
    let service = try await ServiceProcess.start(
      in: house.folder,
      environment: ["QQ_SECRET": QQPlatform.secret, "NEW_SECRET": "another secret of the tests"].merging(environment) { $1 })
    return (house, service)
  }

  private static func bytes(ofHexadecimal text: String) -> [UInt8] {
    stride(from: 0, to: text.utf8.count - 1, by: 2).compactMap { UInt8(text.dropFirst($0).prefix(2), radix: 16) }
  }

  @Test("While a secret is rotated both are accepted, each validation is answered with the key that asked, and no third is")
  func rotation() async throws {
    let platform = try await QQPlatform.start()
    let (house, service) = try await Self.start(platform, secret: "[{ env: NEW_SECRET }, { env: QQ_SECRET }]")
    for (id, secret) in [("old", QQPlatform.secret), ("new", "another secret of the tests")] {
      let event = QQPlatform.groupMessage(id, "/echo \(id)", from: "ALICE")
      #expect(try await SignedPost(body: event, secret: secret).send(to: service.port).status == 200)
      let said = try await platform.answers(to: id)
      #expect(said == [id])
      let answer = try await SignedPost(body: SignedPost.validation, secret: secret).send(to: service.port)
      let signature = try JSON(parsing: answer.body)["signature"]?.string
      let bytes = try #require(signature.map(Self.bytes(ofHexadecimal:)))
      #expect(
        try QQPlatform.signingKey(secret).publicKey.isValidSignature(
          bytes, for: Array("1725442341Arq0D5A61EgUu4OxUvOp".utf8)))
    }
    let third = try await SignedPost(
      body: QQPlatform.groupMessage("third", "/echo third", from: "ALICE"), secret: "yet another one of the tests"
    ).send(to: service.port)
    #expect(third.status == 401)
    #expect(third.body.contains("signature_invalid"))
    #expect(await service.terminate() == 0)
    withExtendedLifetime(house) {}
  }

  @Test(
    "The same signed request is dealt with once within its freshness and refused after it, signed anew it is still the same event"
  )
  func replay() async throws {
    let platform = try await QQPlatform.start()
    let (house, service) = try await Self.start(platform, channel: "\n    freshness: 60s")
    let event = QQPlatform.groupMessage("m1", "/echo once", from: "ALICE")
    let now = WallClock.system.now().seconds
    let post = SignedPost(body: event, timestamp: now - 30)
    for _ in 0..<3 { #expect(try await post.send(to: service.port).status == 200) }
    #expect(try await SignedPost(body: event, timestamp: now).send(to: service.port).status == 200)
    for timestamp in [now - 90, now + 90] {
      let stale = try await SignedPost(body: event, timestamp: timestamp).send(to: service.port)
      #expect(stale.status == 401)
      #expect(stale.body.contains("\"stale\""))
    }
    let after = QQPlatform.groupMessage("m2", "/echo after", from: "ALICE")
    #expect(try await SignedPost(body: after).send(to: service.port).status == 200)
    let said = try await platform.answers(to: "m2")
    #expect(said == ["after"])
    #expect(platform.replies.count { $0.messageID == "m1" } == 1)
    #expect(await service.terminate() == 0)
    withExtendedLifetime(house) {}
  }

  @Test("A validation without a signature is answered only while the operator allows it, and not without limit")
  func validation() async throws {
    let platform = try await QQPlatform.start()
    let unsigned = SignedPost(body: SignedPost.validation, isSigned: false)
    let (strictHouse, strict) = try await Self.start(platform)
    #expect(try await unsigned.send(to: strict.port).status == 401)
    #expect(await strict.terminate() == 0)

    let (openHouse, open) = try await Self.start(
      platform, channel: "\n    validation: unsigned", environment: Self.narrow)
    var statuses: [Int] = []
    for _ in 0..<40 { statuses.append(try await unsigned.send(to: open.port).status) }
    #expect(statuses.prefix(20).allSatisfy { $0 == 200 })
    #expect(statuses.contains(429))
    #expect(statuses.allSatisfy { [200, 429].contains($0) })
    #expect(await open.terminate() == 0)
    withExtendedLifetime((strictHouse, openHouse)) {}
  }

  @Test("What an address used up stays used up over a restart, and a proxy's other clients are not concerned")
  func restart() async throws {
    let platform = try await QQPlatform.start()
    let server = """
      server: { trusted_proxies: [127.0.0.1] }
      """
    let (house, first) = try await Self.start(platform, server: server, environment: Self.narrow)
    let mallory = SignedPost(
      body: QQPlatform.groupMessage("x", "hi", from: "MALLORY"), secret: "not the secret",
      headers: ["X-Forwarded-For: 203.0.113.66"])
    var refused = 0
    for _ in 0..<40 where refused == 0 { if try await mallory.send(to: first.port).status == 429 { refused += 1 } }
    #expect(refused == 1)
    #expect(await first.terminate() == 0)
    let (_, second) = try await Self.start(platform, in: house, environment: Self.narrow)
    var answers: [Int] = []
    for _ in 0..<10 { answers.append(try await mallory.send(to: second.port).status) }
    // With a fresh bucket all ten would have been looked at.
    #expect(answers.contains(429))
    let alice = SignedPost(
      body: QQPlatform.groupMessage("m1", "/echo hi", from: "ALICE"), headers: ["X-Forwarded-For: 203.0.113.67"])
    #expect(try await alice.send(to: second.port).status == 200)
    #expect(try await platform.answers(to: "m1") == ["hi"])
    #expect(await second.terminate() == 0)
    withExtendedLifetime(house) {}
  }

  @Test("An event of an unknown type is acknowledged, does nothing, and can be looked at; neither log nor database shows it")
  func rawEvents() async throws {
    let platform = try await QQPlatform.start()
    let (house, service) = try await Self.start(platform)
    let event: JSON = ["id": "u1", "op": 0, "t": "SOMETHING_NEW_CREATE", "d": ["words": "a secret of Alice"]]
    let answer = try await SignedPost(body: event).send(to: service.port)
    #expect(answer.status == 200)
    let id = try #require(answer.headers["x-request-id"])
    func show(_ arguments: String...) async throws -> Finished {
      try await Finished.run(
        ServiceProcess.program("openclaw"), ["events", "raw"] + arguments, in: house.folder,
        environment: ["QQ_SECRET": QQPlatform.secret])
    }
    // It is written soon, not before the answer.
    var shown = try await show("--request-id", id, "--json")
    for _ in 0..<50 where !shown.output.contains("SOMETHING_NEW_CREATE") { shown = try await show("--request-id", id, "--json") }
    let found = try JSON(parsing: shown.output)["events"]?.array?.first
    #expect(found?["body"]?.string == event.canonical, "\(shown.output)\(shown.errors)")
    #expect(found?["type"] == "unknown")
    #expect(try await show().output.contains(id))
    #expect(try await show("--type", "event").output == "No raw events are kept.\n")
    #expect(try await show("--limit", "0").status == 64)
    #expect(await service.terminate() == 0)
    #expect(!service.lines.contains { $0.canonical.contains("secret of Alice") })
    let data = house.folder.appending(path: "data")
    for name in try FileManager.default.contentsOfDirectory(atPath: data.path) where name.hasPrefix("openclaw.db") {
      #expect(try Data(contentsOf: data.appending(path: name)).range(of: Data("secret of Alice".utf8)) == nil)
    }
  }
}

import Core
import Testing

@testable import AdapterQQ

@Suite("QQ error codes")
struct QQErrorCodeTests {
  @Test("have the class and the reaction of the table", arguments: Vectors.cases("qq-error-codes"))
  func table(_ vector: VectorCase) throws {
    let code = try #require(vector["code"]?.integer)
    #expect(QQErrorClass(code: code)?.rawValue == vector["class"]?.string)
    for member in ["err_code", "code"] {
      let outcome = QQSendOutcome(
        QQHTTP.Answer(status: 400, body: [member: .integer(code), "message": "x"], traceID: nil, retryAfter: nil))
      switch (try vector.text("retry"), outcome) {
      case ("never", .failed(let error)):
        let kind = try vector.text("class")
        #expect(error.advice == Self.advice(for: kind, code: code))
        #expect(error.concernsAdmins == (error.advice == .giveUp && Self.adminClasses.contains(kind)))
      case ("backoff", .failed(let error)): #expect(error.advice == .retry(after: nil))
      case ("later", .failed(let error)):
        guard case .retry(after: .some) = error.advice else {
          Issue.record("\(code): \(error.advice)")
          continue
        }
      case ("refreshTokenOnce", .tokenRefused(let refused)): #expect(refused == String(code))
      case ("treatAsDelivered", .delivered(let receipt)): #expect(receipt.duplicate)
      case ("waitForEvent", .delivered(let receipt)): #expect(receipt == DeliveryReceipt(messageID: nil))
      default: Issue.record("\(code): \(outcome)")
      }
    }
  }

  private static let adminClasses: Set<String> = ["config", "tokenEndpointConfig", "permission"]

  /// What follows for codes after which the same must not be tried again.
  private static func advice(for kind: String, code: Int64) -> DeliveryError.Advice {
    switch kind {
    case "replyExpired": .hold
    case "targetGone": .targetGone
    // The chat refuses messages that answer nothing: this one can answer the next thing said.
    case "permission" where [40_034_102, 40_034_105].contains(code): .hold
    default: .giveUp
    }
  }

  @Test("a message held for review names the review")
  func audit() throws {
    let body = try JSON(parsing: #"{"code":304024,"data":{"message_audit":{"audit_id":"b1a2"}}}"#)
    let outcome = QQSendOutcome(QQHTTP.Answer(status: 202, body: body, traceID: nil, retryAfter: nil))
    #expect(outcome == .delivered(DeliveryReceipt(messageID: nil, auditID: "b1a2")))
  }

  @Test(
    "answers are read by body first and by status where the body says nothing",
    arguments: [
      (200, #"{"id":"ROBOT1.0_x","timestamp":1780000000}"#, nil as DeliveryError.Advice?),
      (202, #"{"code":304003,"message":"x"}"#, .giveUp), (200, #"{"err_code":40034128}"#, .hold),
      (204, "", nil), (200, "<html>", .ambiguous), (200, "{}", .ambiguous), (502, "<html>", .ambiguous),
      (500, #"{"code":987654}"#, .ambiguous), (400, #"{"code":987654}"#, .giveUp), (404, "<html>", .retry(after: nil)),
      (429, "", .retry(after: .seconds(10))), (429, #"{"code":987654}"#, .retry(after: .seconds(10))),
      (302, "", .retry(after: nil)),
    ])
  func statuses(status: Int, body: String, advice: DeliveryError.Advice?) {
    let outcome = QQSendOutcome(
      QQHTTP.Answer(status: status, body: try? JSON(parsing: body), traceID: "abc", retryAfter: nil))
    switch outcome {
    case .delivered: #expect(advice == nil)
    case .failed(let error): #expect(error.advice == advice)
    case .tokenRefused: Issue.record("token refused")
    }
  }
}

@Suite("QQ deliverer", .timeLimit(.minutes(5)))
struct QQDelivererTests {
  static let token: [FakePlatform.Reply] = [.json(["access_token": "t1", "expires_in": "7200"])]
  static let groupPath = "/v2/groups/7D1C/messages"

  func deliver(
    _ message: OutboundMessage, _ script: [String: [FakePlatform.Reply]], token: [FakePlatform.Reply] = QQDelivererTests.token,
    clock: any Clock<Duration> = ManualClock()
  ) async throws -> (result: Result<DeliveryReceipt, DeliveryError>, requests: [FakePlatform.Request]) {
    try await FakePlatform.run(script.merging(["/token": token]) { first, _ in first }) { platform in
      try await withHTTPClient { client in
        let configuration = try QQConfiguration(
          name: "main", appID: "11111111", secrets: [Secret("s")], apiBase: platform.base + "/",
          tokenURL: platform.base + "/token")
        let deliverer = QQDeliverer(configuration, client: client, wallClock: ManualWallClock(seconds: 0).clock, clock: clock)
        do throws(DeliveryError) {
          return (.success(try await deliverer.deliver(message)), platform.requests)
        } catch {
          return (.failure(error), platform.requests)
        }
      }
    }
  }

  @Test("answers a message with its id and the fixed sequence number")
  func passive() async throws {
    let answer: JSON = ["id": "ROBOT1.0_sent", "timestamp": "2026-05-28T20:26:41+08:00"]
    let (result, requests) = try await deliver(
      outbound(Scene(.group, "7D1C"), text: "pong <@1>", answering: "ROBOT1.0_m", sequence: 3), [Self.groupPath: [.json(answer)]])
    #expect(result == .success(DeliveryReceipt(messageID: "ROBOT1.0_sent")))
    let sent = try #require(requests.last)
    #expect(sent.method == "POST")
    #expect(sent.path == Self.groupPath)
    #expect(sent.headers["authorization"] == "QQBot t1")
    #expect(sent.headers["content-type"] == "application/json")
    #expect(sent.body == ["msg_type": 0, "content": "pong ＜@1>", "msg_id": "ROBOT1.0_m", "msg_seq": 3])
  }

  @Test(
    "knows the path and the body of every scene",
    arguments: [
      (Scene(.private, "A1"), "/v2/users/A1/messages", true), (Scene(.group, "G"), "/v2/groups/G/messages", true),
      (Scene(.guild, "100010"), "/channels/100010/messages", false),
      (Scene(.guildPrivate, "3000000"), "/dms/3000000/messages", false),
      (Scene(.group, "../a b/%"), "/v2/groups/%2E%2E%2Fa%20b%2F%25/messages", true),
    ])
  func scenes(scene: Scene, path: String, isRepeatable: Bool) {
    let request = QQSendRequest(outbound(scene, answering: "m", sequence: 2))
    #expect(request.path == path)
    #expect(request.isRepeatable == isRepeatable)
    #expect((request.body["msg_seq"] != nil) == isRepeatable)
    let active = QQSendRequest(outbound(scene, answering: nil))
    #expect(active.body["msg_id"] == nil)
    #expect(active.body["msg_seq"] == nil)
    #expect(!active.isRepeatable)
  }

  @Test("a repeat that the platform recognises is delivered")
  func duplicate() async throws {
    let (result, _) = try await deliver(
      outbound(Scene(.group, "7D1C")), [Self.groupPath: [.json(["err_code": 40_054_005], status: 400)]])
    #expect(result == .success(DeliveryReceipt(messageID: nil, duplicate: true)))
  }

  @Test("a refused token is dropped and the message sent once more with a new one")
  func tokenRenewal() async throws {
    let clock = ManualClock()
    async let outcome = deliver(
      outbound(Scene(.group, "7D1C")),
      [Self.groupPath: [.json(["code": 11244], status: 401), .json(["id": "sent"])]],
      token: [.json(["access_token": "t1", "expires_in": 7200]), .json(["access_token": "t2", "expires_in": 7200])], clock: clock)
    await clock.waitForSleepers(1)
    clock.advance(by: .seconds(1))
    let (result, requests) = try await outcome
    #expect(result == .success(DeliveryReceipt(messageID: "sent")))
    #expect(requests.filter { $0.path == Self.groupPath }.map { $0.headers["authorization"] } == ["QQBot t1", "QQBot t2"])
  }

  @Test("a second refused token ends this attempt, and is for the operator to know")
  func tokenRefusedTwice() async throws {
    let clock = ManualClock()
    async let outcome = deliver(
      outbound(Scene(.group, "7D1C")), [Self.groupPath: [.json(["code": 11243], status: 401)]], clock: clock)
    await clock.waitForSleepers(1)
    clock.advance(by: .seconds(1))
    let (result, requests) = try await outcome
    guard case .failure(let error) = result else {
      Issue.record("delivered")
      return
    }
    #expect(error.advice == .retry(after: nil))
    #expect(error.concernsAdmins)
    #expect(error.code == "11243")
    #expect(requests.filter { $0.path == Self.groupPath }.count == 2)
  }

  @Test(
    "no answer is ambiguous where a repeat is recognised, and final where it is not",
    arguments: [
      (Scene(.group, "7D1C"), "m" as String?, DeliveryError.Advice.ambiguous, "no_answer"),
      (Scene(.group, "7D1C"), nil, .giveUp, "outcome_unknown"),
      (Scene(.guild, "7"), "m", .giveUp, "outcome_unknown"),
    ])
  func noAnswer(scene: Scene, answering: String?, advice: DeliveryError.Advice, code: String) async throws {
    let message = outbound(scene, answering: answering)
    let (result, _) = try await deliver(message, [QQSendRequest.path(for: scene): [.hangUp]])
    guard case .failure(let error) = result else {
      Issue.record("delivered")
      return
    }
    #expect(error.advice == advice)
    #expect(error.code == code)
  }

  @Test("a platform that cannot be reached got nothing")
  func unreachable() async throws {
    let closed = try await FakePlatform.run([:]) { $0.base }
    try await FakePlatform.run(["/token": Self.token]) { platform in
      try await withHTTPClient { client in
        let configuration = try QQConfiguration(
          name: "main", appID: "1", secrets: [Secret("s")], apiBase: closed, tokenURL: platform.base + "/token")
        let deliverer = QQDeliverer(configuration, client: client)
        let error = await #expect(throws: DeliveryError.self) {
          try await deliverer.deliver(outbound(Scene(.group, "7D1C"), answering: nil))
        }
        #expect(error?.advice == .retry(after: nil))
        #expect(error?.code == "not_reachable")
      }
    }
  }

  @Test("an endless answer is cut off")
  func oversized() async throws {
    let huge = FakePlatform.Reply.answer(status: 200, body: #"{"id":""# + String(repeating: "x", count: 200_000) + #""}"#)
    let (result, _) = try await deliver(outbound(Scene(.group, "7D1C")), [Self.groupPath: [huge]])
    guard case .failure(let error) = result else {
      Issue.record("delivered")
      return
    }
    #expect(error.advice == .ambiguous)
  }

  @Test("the platform's wish for a pause and its trace id come through")
  func retryAfter() async throws {
    let reply = FakePlatform.Reply.answer(
      status: 429, body: #"{"code":22009}"#, headers: ["Retry-After": "7", "X-Tps-trace-ID": "abc-1"])
    let (result, _) = try await deliver(outbound(Scene(.group, "7D1C")), [Self.groupPath: [reply]])
    guard case .failure(let error) = result else {
      Issue.record("delivered")
      return
    }
    #expect(error.advice == .retry(after: .seconds(7)))
    #expect(error.message.contains("abc-1"))
  }
}

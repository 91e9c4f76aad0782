import AsyncHTTPClient
import Core
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import Synchronization

/// A stand-in of the official platform: signs events towards the service, and takes its replies as strictly as the real one.
final class QQPlatform: Sendable {
  struct Reply: Sendable, Hashable {
    let path: String
    let messageID: String
    let sequence: Int64
    let text: String
  }

  static let appID = "102000000"
  static let secret = "DG5g3B4j9X2KOErG"

  private struct State {
    var tokens = 0
    /// Where `GET /gateway/bot` sends the bot.
    var gateway = ""
    var replies: [Reply] = []
    var attempts: [String: Int] = [:]
    var violations: [String] = []
    /// With this code, once it is set, messages with markup or buttons are refused; how many were.
    var markdownRefusal: Int64?
    var markdownRefused = 0
    var known: Set<String> = []
    var waiters: [(fits: @Sendable ([Reply]) -> Bool, continuation: CheckedContinuation<[Reply], any Error>)] = []
  }

  let port: Int
  private let state: StateBox
  private let running: Task<Void, any Error>

  private final class StateBox: Sendable {
    let state = Mutex(State())
  }

  /// Starts on a free port.
  static func start() async throws -> QQPlatform {
    let box = StateBox()
    let router = Router()
    router.post("/app/getAppAccessToken") { request, _ in try await token(request, box) }
    router.post("/v2/groups/:id/messages") { request, context in try await take(request, context, box) }
    router.post("/v2/users/:id/messages") { request, context in try await take(request, context, box) }
    router.get("/gateway/bot") { _, _ in
      json(["url": .string(box.state.withLock(\.gateway)), "shards": 1, "session_start_limit": ["remaining": 1000]])
    }
    let (bound, running) = try await StandIn.serve(router)
    return QQPlatform(port: bound, state: box, running: running)
  }

  private init(port: Int, state: StateBox, running: Task<Void, any Error>) {
    self.port = port
    self.state = state
    self.running = running
  }

  deinit {
    running.cancel()
  }

  /// The channel's lines in `openclaw.yaml`.
  var channelConfiguration: String { channelConfiguration(transport: "webhook") }

  /// Lets `GET /gateway/bot` name that address.
  func sendToGateway(_ url: String) { state.state.withLock { $0.gateway = url } }

  func channelConfiguration(transport: String) -> String {
    """
      - name: main
        kind: qq
        app_id: "\(Self.appID)"
        secret: { env: QQ_SECRET }
        transport: \(transport)
        api_base: http://127.0.0.1:\(port)
        token_url: http://127.0.0.1:\(port)/app/getAppAccessToken
    """
  }

  // MARK: What the service said

  var replies: [Reply] { state.state.withLock(\.replies) }
  /// Requests that the real platform would have refused.
  var violations: [String] { state.state.withLock(\.violations) }

  /// From now on refuses markup and buttons with `code`, as it does to bots that were not granted them.
  func refuseMarkdown(with code: Int64) { state.state.withLock { $0.markdownRefusal = code } }
  var markdownRefused: Int { state.state.withLock(\.markdownRefused) }

  /// Waits until the replies so far fit.
  func replies(where fits: @escaping @Sendable ([Reply]) -> Bool) async throws -> [Reply] {
    try await withCheckedThrowingContinuation { continuation in
      state.state.withLock { state in
        if fits(state.replies) {
          continuation.resume(returning: state.replies)
        } else {
          state.waiters.append((fits, continuation))
        }
      }
    }
  }

  /// Waits for `count` replies to one message and returns their texts in order.
  func answers(to messageID: String, count: Int = 1) async throws -> [String] {
    let replies = try await replies { $0.count { $0.messageID == messageID } >= count }
    return replies.filter { $0.messageID == messageID }.sorted { $0.sequence < $1.sequence }.map(\.text)
  }

  // MARK: What people say

  /// What was said long ago decides nothing.
  private static var sentNow: String { Date().formatted(.iso8601) }

  /// The envelope of a group message that mentions the bot.
  static func groupMessage(
    _ id: String, _ text: String, from member: String, in group: String = "G1", sequence: Int64 = 1
  ) -> JSON {
    [
      "id": .string("GROUP_AT_MESSAGE_CREATE:\(id)"), "op": 0, "s": .integer(sequence), "t": "GROUP_AT_MESSAGE_CREATE",
      "d": [
        "id": .string(id), "content": .string(" \(text) "), "group_openid": .string(group), "group_id": .string(group),
        "timestamp": .string(sentNow), "message_type": 0,
        "author": [
          "id": .string(member), "member_openid": .string(member), "member_role": "member", "username": .string(member),
        ],
      ],
    ]
  }

  /// The envelope of a private message.
  static func privateMessage(_ id: String, _ text: String, from user: String) -> JSON {
    [
      "id": .string("C2C_MESSAGE_CREATE:\(id)"), "op": 0, "s": 1, "t": "C2C_MESSAGE_CREATE",
      "d": [
        "id": .string(id), "content": .string(text), "timestamp": .string(sentNow), "message_type": 0,
        "author": ["id": .string(user), "user_openid": .string(user), "username": "", "bot": false],
      ],
    ]
  }

  struct Answer: Sendable {
    let status: Int
    let body: String
    let requestID: String?
  }

  /// Posts an event as the platform does. Throws when the service is not there.
  func deliver(
    _ event: JSON, to port: Int, timestamp: Int64 = WallClock.system.now().seconds, headers: [String: String] = [:]
  ) async throws -> Answer {
    try await Self.deliver(event, to: port, timestamp: timestamp, headers: headers)
  }

  /// Posts an event as the platform does. Throws when the service is not there.
  static func deliver(
    _ event: JSON, to port: Int, timestamp: Int64 = WallClock.system.now().seconds, headers: [String: String] = [:]
  ) async throws -> Answer {
    let body = event.canonical
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/qq/webhook/main")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: "QQBot-Callback")
    request.headers.add(name: "X-Bot-Appid", value: appID)
    request.headers.add(name: "X-Signature-Timestamp", value: String(timestamp))
    request.headers.add(name: "X-Signature-Ed25519", value: try signature(over: "\(timestamp)\(body)"))
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    request.body = .bytes(ByteBuffer(string: body))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
    return Answer(
      status: Int(response.status.code), body: text, requestID: response.headers.first(name: "X-Request-Id"))
  }

  /// Posts until it is acknowledged, as the platform does while the service restarts.
  func deliverUntilAcknowledged(_ event: JSON, port: @Sendable () async -> Int) async throws {
    for _ in 0..<2_000 {
      if let answer = try? await deliver(event, to: await port()), answer.status == 200 { return }
    }
    throw ProcessProblem("an event was never acknowledged")
  }

  static func signature(over text: String) throws -> String {
    try signingKey().signature(for: Data(text.utf8)).hexadecimal
  }

  static func signingKey(_ secret: String = QQPlatform.secret) throws -> Curve25519.Signing.PrivateKey {
    var seed = Array(secret.utf8)
    while seed.count < 32 { seed += Array(secret.utf8) }
    return try Curve25519.Signing.PrivateKey(rawRepresentation: seed.prefix(32))
  }

  // MARK: The API

  private static func document(_ request: Request) async throws -> JSON {
    let body = try await request.body.collect(upTo: 1 << 20)
    return (try? JSON(parsing: body.readableBytesView)) ?? .null
  }

  private static func token(_ request: Request, _ box: StateBox) async throws -> Response {
    let body = try await document(request)
    guard body["appId"]?.string == appID, body["clientSecret"]?.string == secret else {
      return json(["code": 100016, "message": "invalid appid or secret"])
    }
    let number = box.state.withLock { state in
      state.tokens += 1
      return state.tokens
    }
    return json(["access_token": .string("token-\(number)"), "expires_in": "7200"])
  }

  private static func take(_ request: Request, _ context: BasicRequestContext, _ box: StateBox) async throws -> Response {
    let authorization = request.headers[.authorization] ?? ""
    let body = try await document(request)
    return box.state.withLock { state in
      guard authorization.hasPrefix("QQBot token-"), Int(authorization.dropFirst(12)).map({ $0 <= state.tokens }) ?? false else {
        state.violations.append("authorization \(authorization)")
        return json(["err_code": 11244, "message": "token expired"], status: .unauthorized)
      }
      if let code = state.markdownRefusal, body["msg_type"] == 2 || body["keyboard"] != nil {
        state.markdownRefused += 1
        return json(["err_code": .integer(code), "message": "not allowed to send this"], status: .badRequest)
      }
      // Text, or markdown, which buttons come with.
      let text =
        body["msg_type"] == 2 ? body["markdown"]?["content"]?.string : body["msg_type"] == 0 ? body["content"]?.string : nil
      guard let text, !text.isEmpty, let messageID = body["msg_id"]?.string,
        let sequence = body["msg_seq"]?.integer, sequence > 0
      else {
        state.violations.append("body \(body.canonical)")
        return json(["err_code": 40034026, "message": "msg_id or msg_seq missing"], status: .badRequest)
      }
      guard state.known.insert("\(messageID)#\(sequence)").inserted else {
        return json(["err_code": 40054005, "message": "message deduplicated"], status: .badRequest)
      }
      state.replies.append(Reply(path: request.uri.path, messageID: messageID, sequence: sequence, text: text))
      let replies = state.replies
      state.waiters.removeAll { waiter in
        guard waiter.fits(replies) else { return false }
        waiter.continuation.resume(returning: replies)
        return true
      }
      return json(["id": .string("ROBOT1.0_reply-\(replies.count)"), "timestamp": "2026-05-28T20:26:41+08:00"])
    }
  }

  private static func json(_ value: JSON, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: value.canonical)))
  }
}

import Core
import Hummingbird
import NIOCore
import Synchronization

/// The official platform on a bad day: an API that fails in every way while its book keeps count of what people really saw.
final class FaultyPlatform: Sendable {
  private struct State {
    var faults: PlatformFaults
    var tokens = 0
    /// Tokens below this number are not known any more.
    var oldestToken = 1
    var isDown = false
    var gatewayURL = ""
    var book = ReplyBook()
  }

  let port: Int
  private let state: Shared
  private let running: Task<Void, any Error>

  private final class Shared: Sendable {
    let state: Mutex<State>
    init(_ faults: PlatformFaults) { state = Mutex(State(faults: faults)) }
  }

  /// Gives a handler the connection, so that it can end it.
  private struct Context: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
      coreContext = .init(source: source)
      channel = source.channel
    }
  }

  static func start(_ faults: PlatformFaults) async throws -> FaultyPlatform {
    let shared = Shared(faults)
    let router = Router(context: Context.self)
    router.post("/app/getAppAccessToken") { request, context in try await Self.token(request, context, shared) }
    router.get("/gateway/bot") { _, context in try await Self.gateway(context, shared) }
    router.post("/v2/groups/:id/messages") { try await Self.take($0, $1, shared) }
    router.post("/v2/users/:id/messages") { try await Self.take($0, $1, shared) }
    let (bound, running) = try await StandIn.serve(router)
    return FaultyPlatform(port: bound, state: shared, running: running)
  }

  private init(port: Int, state: Shared, running: Task<Void, any Error>) {
    self.port = port
    self.state = state
    self.running = running
  }

  deinit {
    running.cancel()
  }

  /// The channel's lines in `openclaw.yaml`.
  func channelConfiguration(transport: String) -> String {
    """
      - name: main
        kind: qq
        app_id: "\(QQPlatform.appID)"
        secret: { env: QQ_SECRET }
        transport: \(transport)
        api_base: http://127.0.0.1:\(port)
        token_url: http://127.0.0.1:\(port)/app/getAppAccessToken
        sending: { per_second: 1000, chat_per_second: 50 }
    """
  }

  /// What was said so far.
  var book: ReplyBook { state.state.withLock(\.book) }

  /// From now on another book counts.
  func open(_ book: ReplyBook) { state.state.withLock { $0.book = book } }

  /// Where `GET /gateway/bot` sends the service.
  func setGateway(_ url: String) { state.state.withLock { $0.gatewayURL = url } }

  /// While the platform is down every connection ends as soon as something is asked.
  func setDown(_ isDown: Bool) { state.state.withLock { $0.isDown = isDown } }

  // MARK: The API

  private static func token(_ request: Request, _ context: Context, _ shared: Shared) async throws -> Response {
    guard try await isUp(context, shared) else { return Response(status: .serviceUnavailable) }
    let body = (try? JSON(parsing: try await request.body.collect(upTo: 1 << 20).readableBytesView)) ?? .null
    guard body["appId"]?.string == QQPlatform.appID, body["clientSecret"]?.string == QQPlatform.secret else {
      return json(["code": 100016, "message": "invalid appid or secret"])
    }
    let number = shared.state.withLock { state in
      state.tokens += 1
      return state.tokens
    }
    return json(["access_token": .string("token-\(number)"), "expires_in": "7200"])
  }

  private static func gateway(_ context: Context, _ shared: Shared) async throws -> Response {
    guard try await isUp(context, shared) else { return Response(status: .serviceUnavailable) }
    return json([
      "url": .string(shared.state.withLock(\.gatewayURL)), "shards": 1,
      "session_start_limit": ["total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1],
    ])
  }

  private static func isUp(_ context: Context, _ shared: Shared) async throws -> Bool {
    guard shared.state.withLock(\.isDown) else { return true }
    try await context.channel.close()
    return false
  }

  private static func take(
    _ request: Request, _ context: Context, _ shared: Shared
  ) async throws -> Response {
    guard try await isUp(context, shared) else { return Response(status: .serviceUnavailable) }
    // Throws when the service dies in the middle of it.
    let bytes = try await request.body.collect(upTo: 1 << 20)
    let body = (try? JSON(parsing: bytes.readableBytesView)) ?? .null
    let token = (request.headers[.authorization] ?? "").dropFirst("QQBot token-".count)
    let (book, isKnown, fault) = shared.state.withLock { state in
      let fault = state.faults.next()
      if fault == .forgetsToken { state.oldestToken = state.tokens + 1 }
      return (
        state.book, Int(token).map { (state.oldestToken...max(state.oldestToken, state.tokens)).contains($0) } ?? false, fault
      )
    }
    guard isKnown else { return json(["err_code": 11244, "message": "token expired"], status: .unauthorized) }
    switch fault {
    case .refuses: return json(["err_code": 50055001, "message": "busy"], status: .internalServerError)
    case .slowsDown: return json(["err_code": 22009, "message": "slow down"], status: .tooManyRequests, retryAfter: 1)
    default: break
    }
    // Text, or markdown, which buttons come with.
    let content =
      body["msg_type"] == 2 ? body["markdown"]?["content"]?.string : body["msg_type"] == 0 ? body["content"]?.string : nil
    guard let text = content, let messageID = body["msg_id"]?.string,
      let sequence = body["msg_seq"]?.integer, sequence > 0
    else {
      book.note(violation: "a body that the platform refuses: \(body.object?.keys.sorted() ?? [])")
      return json(["err_code": 40034026, "message": "msg_id or msg_seq missing"], status: .badRequest)
    }
    switch book.judge(path: request.uri.path, messageID: messageID, sequence: sequence, text: text) {
    case .repeated: return json(["err_code": 40054005, "message": "message deduplicated"], status: .badRequest)
    case .refused: return json(["err_code": 40034025, "message": "no such message"], status: .badRequest)
    case .shown: break
    }
    switch fault {
    case .failsAfterwards: return Response(status: .badGateway, body: .init(byteBuffer: ByteBuffer(string: "<html>502</html>")))
    case .cutsOff: try await context.channel.close()
    // Longer than the service waits; it ends by the service's hanging up.
    case .staysSilent: try await Task.sleep(for: .seconds(30))
    default: break
    }
    return json(["id": .string("ROBOT1.0_\(messageID).\(sequence)"), "timestamp": "2026-05-28T20:26:41+08:00"])
  }

  private static func json(_ value: JSON, status: HTTPResponse.Status = .ok, retryAfter: Int? = nil) -> Response {
    var response = Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: value.canonical)))
    if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
    return response
  }
}

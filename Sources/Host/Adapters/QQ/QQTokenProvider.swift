import AdapterHTTP
import Core

/// The bot's access token: fetched once however many callers wait, renewed during its last minute.
actor QQTokenProvider {
  private let configuration: QQConfiguration
  private let http: QQHTTP
  private let wallClock: WallClock
  private let clock: any Clock<Duration>
  private var cache = QQTokenCache()
  private var pauses = QQTokenPauses()
  private let status: ChannelStatus
  private var flight: Task<Result<Secret, DeliveryError>, Never>?

  private static let requestLimit: Duration = .seconds(5)

  init(
    configuration: QQConfiguration, http: QQHTTP, wallClock: WallClock, clock: any Clock<Duration>,
    status: ChannelStatus = .unobserved
  ) {
    self.status = status
    self.configuration = configuration
    self.http = http
    self.wallClock = wallClock
    self.clock = clock
  }

  /// A token that is good for a request now. Ends by itself within 12 s.
  func token() async throws(DeliveryError) -> Secret {
    let now = wallClock.now()
    if let token = cache.token(at: now) { return token }
    if flight == nil, let error = pauses.error(at: now) {
      if let token = cache.expiring(at: now) { return token }
      throw error
    }
    return try await (flight ?? startFlight()).value.get()
  }

  /// Forgets `token` after the platform refused it; a newer one stays.
  func drop(_ token: Secret) {
    cache.drop(token)
  }

  /// A task of its own: the caller that starts the request may be cancelled while others wait for it.
  private func startFlight() -> Task<Result<Secret, DeliveryError>, Never> {
    let task = Task { () -> Result<Secret, DeliveryError> in
      defer { flight = nil }
      do throws(DeliveryError) {
        let token = try await fetch()
        if pauses.end() { status.works() }
        return .success(token)
      } catch {
        let isNew = pauses.begin(after: error, at: wallClock.now())
        if isNew { status.isDegraded("no access token (\(error.code)): \(error.message)") }
        // During its last minute the old token still works, so a failed renewal is no reason to stop.
        return cache.expiring(at: wallClock.now()).map(Result.success) ?? .failure(error)
      }
    }
    flight = task
    return task
  }

  /// Tries the newest secret and, while two are configured, the older one where the platform does not know the newest yet.
  private func fetch() async throws(DeliveryError) -> Secret {
    var refusal = DeliveryError(.giveUp, code: "not_configured", message: "the bot has no secret")
    for secret in configuration.secrets {
      let wait = cache.reserveRequest(at: wallClock.now())
      if wait > .zero {
        do {
          try await clock.sleep(for: wait)
        } catch {
          throw DeliveryError(.retry(after: nil), code: "cancelled", message: "the request for an access token was cancelled")
        }
      }
      do throws(DeliveryError) {
        return try await request(with: secret)
      } catch {
        refusal = error
        guard error.code == "100016" else { break }
      }
    }
    throw refusal
  }

  private func request(with secret: Secret) async throws(DeliveryError) -> Secret {
    let body: JSON = ["appId": .string(configuration.appID), "clientSecret": .string(secret.reveal())]
    let answer: QQHTTP.Answer
    do {
      answer = try await http.post(body, to: configuration.tokenURL, limit: Self.requestLimit)
    } catch {
      throw DeliveryError(.retry(after: nil), code: "token_unreachable", message: "the token endpoint did not answer")
    }
    // Errors come with HTTP 200 as well; only the token itself means success.
    if let token = answer.body?["access_token"]?.string, Self.isUsable(token) {
      cache.store(Secret(token), lifetime: Self.lifetime(answer.body?["expires_in"]), at: wallClock.now())
      return Secret(token)
    }
    guard let code = (answer.body?["err_code"] ?? answer.body?["code"])?.integer else {
      throw DeliveryError(
        .retry(after: answer.retryAfter), code: "token_unreadable",
        message: "the token endpoint answered neither a token nor an error code (HTTP \(answer.status))")
    }
    switch QQErrorClass(code: code) {
    case .tokenEndpointConfig, .config:
      throw DeliveryError(
        .giveUp, code: String(code), message: "the token endpoint refused app_id or secret; check both",
        concernsAdmins: true)
    default:
      throw DeliveryError(.retry(after: answer.retryAfter), code: String(code), message: "the token endpoint gave no token")
    }
  }

  /// Printable ASCII: it becomes part of a header.
  private static func isUsable(_ token: String) -> Bool {
    (1...4096).contains(token.utf8.count) && token.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }

  /// Documented as a number and sent as a string. Without one the token serves the requests that wait for it and no more.
  private static func lifetime(_ value: JSON?) -> Duration {
    let seconds = value?.integer ?? value?.string.flatMap { Int64($0) } ?? 0
    return .seconds(min(max(seconds, 0), 7200))
  }
}

/// What is known about the access token, and when the next may be asked for.
struct QQTokenCache {
  /// The platform hands out a new token during the last minute of the old one.
  static let renewal: Duration = .seconds(60)
  /// At least this long between two requests, whatever they brought.
  static let spacing: Duration = .seconds(1)

  private var current: (token: Secret, expires: Timestamp)?
  private var lastRequest: Timestamp?

  /// The token, unless it is time to ask for a new one.
  func token(at now: Timestamp) -> Secret? {
    guard let current, current.expires.since(now) > Self.renewal else { return nil }
    return current.token
  }

  /// The token, even during its last minute.
  func expiring(at now: Timestamp) -> Secret? {
    guard let current, current.expires.since(now) > .zero else { return nil }
    return current.token
  }

  mutating func store(_ token: Secret, lifetime: Duration, at now: Timestamp) {
    current = (token, now.advanced(by: lifetime))
  }

  mutating func drop(_ token: Secret) {
    if let current, current.token.matches(token.reveal()) { self.current = nil }
  }

  /// Books the next request and says how long to wait before sending it.
  mutating func reserveRequest(at now: Timestamp) -> Duration {
    // A clock that was set back must not stretch the wait.
    let wait = lastRequest.map { min(max(Self.spacing - now.since($0), .zero), Self.spacing) } ?? .zero
    lastRequest = now.advanced(by: wait)
    return wait
  }
}

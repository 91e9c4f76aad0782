import AdapterHTTP
import Core
import NIOHTTP1

/// Where the gateway is, and how many sessions may be begun there. Asked by all shards of a bot.
actor QQGatewayDirectory {
  enum Answer: Sendable, Equatable {
    /// Connect there, but not before.
    case place(SocketURL, after: Duration)
    /// No session may be begun for so long.
    case exhausted(Duration)
  }

  private let api: QQAPI
  private let time: QQStopwatch
  private var known: (place: QQGatewayPlace, at: Duration)?
  /// When the last sessions were, or will be, begun.
  private var starts: [Duration] = []

  /// The platform allows two questions a minute.
  private static let validity = Duration.seconds(30)
  private static let startWindow = Duration.seconds(5)

  init(api: QQAPI, time: QQStopwatch) {
    self.api = api
    self.time = time
  }

  /// - Parameter isNew: whether a session is begun there, not resumed.
  func find(forNewSession isNew: Bool) async throws(DeliveryError) -> Answer {
    let place = try await place()
    guard isNew else { return .place(place.url, after: .zero) }
    guard place.remaining > 0 else {
      known = nil
      return .exhausted(max(place.resetAfter, .seconds(1)))
    }
    known?.place.remaining -= 1
    return .place(place.url, after: reserveStart(concurrency: place.concurrency))
  }

  private func place() async throws(DeliveryError) -> QQGatewayPlace {
    if let known, time.now() - known.at < Self.validity { return known.place }
    let answer = try await api.call(.GET, "/gateway/bot")
    let isSecure = api.configuration.apiBase.hasPrefix("https:")
    guard (200..<300).contains(answer.status), let body = answer.body, let place = QQGatewayPlace(body, isSecure: isSecure) else {
      if answer.errorCode ?? 0 != 0 { _ = try QQSendOutcome(answer).receipt() }
      throw DeliveryError(
        .retry(after: nil), code: "gateway_unreadable", message: "GET /gateway/bot named no gateway (HTTP \(answer.status))")
    }
    known = (place, time.now())
    return place
  }

  /// So many sessions in five seconds, and no more.
  private func reserveStart(concurrency: Int) -> Duration {
    let now = time.now()
    starts.removeAll { now - $0 > Self.startWindow }
    var start = now
    if starts.count >= concurrency { start = max(now, starts[starts.count - concurrency] + Self.startWindow) }
    starts.append(start)
    return start - now
  }
}

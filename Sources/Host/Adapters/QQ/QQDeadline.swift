import Core

/// The time that one delivery may take, over all its requests: 30 s, or 2 min where media are uploaded.
struct QQDeadline: Sendable {
  private let start = ContinuousClock.now
  private let end: Duration

  /// Fetching a token may take 13 s.
  private var latestStart: Duration { end - .seconds(13) }

  init(withMedia: Bool = false) {
    end = withMedia ? .seconds(115) : .seconds(29)
  }

  func checkStart() throws(DeliveryError) {
    guard ContinuousClock.now - start <= latestStart else { throw Self.outOfTime }
  }

  /// The time for a request that begins now.
  func share(of limit: Duration) throws(DeliveryError) -> Duration {
    // A request may overrun its limit by one second.
    let rest = end - (ContinuousClock.now - start) - .seconds(1)
    guard rest >= .seconds(1) else { throw Self.outOfTime }
    return min(limit, rest)
  }

  private static let outOfTime = DeliveryError(
    .retry(after: nil), code: "out_of_time", message: "the platform was too slow for everything that this message needs")
}

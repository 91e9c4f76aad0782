import Core

/// Lets each kind of trouble through once an hour.
struct AlertLimiter {
  private static let interval = Duration.seconds(3600)
  /// Kinds that are remembered; past it all new kinds wait.
  private static let capacity = 256

  private var quietUntil: [String: Timestamp] = [:]

  /// Whether this one may be told now.
  mutating func admit(_ kind: String, at now: Timestamp) -> Bool {
    if let until = quietUntil[kind], now < until { return false }
    if quietUntil.count >= Self.capacity { quietUntil = quietUntil.filter { $0.value > now } }
    guard quietUntil.count < Self.capacity else { return false }
    quietUntil[kind] = now.advanced(by: Self.interval)
    return true
  }
}

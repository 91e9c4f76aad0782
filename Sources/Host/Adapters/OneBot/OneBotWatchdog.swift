/// Notices that a peer fell silent. Pure: times are counted from any fixed instant.
struct OneBotWatchdog: Sendable {
  private static let shortest: Duration = .seconds(60)
  private static let longestInterval: Duration = .seconds(3600)

  /// How long the peer may say nothing; nil before its first heartbeat, for heartbeats can be switched off.
  private(set) var limit: Duration?
  private var heardAt: Duration = .zero

  /// Any frame is a sign of life.
  mutating func heard(at now: Duration) {
    heardAt = now
  }

  /// - Parameter interval: in which the peer promises to send another one.
  mutating func heardHeartbeat(every interval: Duration?, at now: Duration) {
    heardAt = now
    limit = max(Self.shortest, min(interval ?? .zero, Self.longestInterval) * 3)
  }

  /// How much longer the peer may be silent; nil when nothing is known, not positive when it is gone.
  func patience(at now: Duration) -> Duration? {
    limit.map { heardAt + $0 - now }
  }
}

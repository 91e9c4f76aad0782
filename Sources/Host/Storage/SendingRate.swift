import Core

/// The state of one rate (generic cell rate algorithm): when what was sent so far is paid for.
struct SendingRate: Equatable {
  /// Microseconds since the epoch; nil when nothing was sent yet.
  private(set) var paidUntil: Int64?

  init(paidUntil: Int64?) {
    self.paidUntil = paidUntil
  }

  /// Microseconds until one more may go; 0 when it may go now.
  func delay(under limit: RateLimit, at now: Timestamp) -> Int64 {
    let now = Self.microseconds(now)
    return max(0, settled(under: limit, at: now) - limit.tolerance - now)
  }

  /// A delay in whole milliseconds, as times are kept; rounded up, or the wait would end too early.
  static func wait(_ microseconds: Int64) -> Duration { .milliseconds((microseconds + 999) / 1000) }

  /// Takes one out of the allowance.
  mutating func spend(under limit: RateLimit, at now: Timestamp) {
    let now = Self.microseconds(now)
    paidUntil = settled(under: limit, at: now) + limit.interval
  }

  /// Only a clock that was set back makes the debt larger than a full burst: from then on the new clock counts.
  private func settled(under limit: RateLimit, at now: Int64) -> Int64 {
    min(max(paidUntil ?? now, now), now + limit.tolerance + limit.interval)
  }

  private static func microseconds(_ time: Timestamp) -> Int64 {
    min(max(time.milliseconds, 0), 3_155_760_000_000_000) * 1000
  }
}

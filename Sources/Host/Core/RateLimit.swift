/// How often one key may act: one event an `interval` in the long run, and `burst` at once after a quiet time.
package struct RateLimit: Sendable, Hashable {
  /// The time that one event costs, in microseconds.
  package let interval: Int64
  /// Events at once after a quiet time.
  package let burst: Int

  /// Values are brought into the range 1…1,000,000.
  package init(perMinute: Int, burst: Int) {
    interval = 60_000_000 / Int64(min(max(1, perMinute), 1_000_000))
    self.burst = min(max(1, burst), 1_000_000)
  }

  /// `count` events in a time of at least one and at most 10 million seconds; more than one a microsecond is one a microsecond.
  package init(_ count: Int, in time: Duration, burst: Int) {
    let microseconds = min(max(1, time.components.seconds), 10_000_000) * 1_000_000
    interval = max(1, microseconds / Int64(min(max(1, count), 1_000_000)))
    self.burst = min(max(1, burst), 1_000_000)
  }

  /// How far a key may run ahead of its steady rate, in microseconds.
  package var tolerance: Int64 { interval * Int64(burst - 1) }
}

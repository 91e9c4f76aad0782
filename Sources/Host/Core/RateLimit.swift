/// How often one key may act: `perMinute` in the long run, and `burst` at once after a quiet time.
package struct RateLimit: Sendable, Equatable {
  /// Events a minute in the long run.
  package let perMinute: Int
  /// Events at once after a quiet time.
  package let burst: Int

  /// Values are brought into the range 1…1,000,000.
  package init(perMinute: Int, burst: Int) {
    self.perMinute = min(max(1, perMinute), 1_000_000)
    self.burst = min(max(1, burst), 1_000_000)
  }

  /// The time that one event costs, in microseconds.
  package var interval: Int64 { 60_000_000 / Int64(perMinute) }
  /// How far a key may run ahead of its steady rate, in microseconds.
  package var tolerance: Int64 { interval * Int64(burst - 1) }
}

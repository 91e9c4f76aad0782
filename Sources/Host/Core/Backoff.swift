/// Waiting times between attempts: a random share of a bound that doubles ("full jitter"), so that many failures do not return together.
package struct Backoff: Sendable {
  private let base: Duration
  private let longest: Duration

  package init(base: Duration, longest: Duration) {
    self.base = base
    self.longest = longest
  }

  /// The wait before the attempt after attempt number `attempt`, counted from 1.
  package func delay(after attempt: Int) -> Duration {
    let doubled = base * (1 << min(max(attempt - 1, 0), 20))
    return min(doubled, longest) * Double.random(in: 0.1...1)
  }
}

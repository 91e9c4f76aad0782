/// Something that is done once in a while by a loop that asks at every turn. A clock that was set back makes nobody wait longer.
package struct Recurrence: Sendable {
  private let interval: Duration
  private var next: Timestamp?

  package init(every interval: Duration) {
    self.interval = interval
  }

  /// Whether it is to be done now; then it is next due after the interval.
  package mutating func isDue(at now: Timestamp) -> Bool {
    if let next, now < next, next.since(now) <= interval { return false }
    next = now.advanced(by: interval)
    return true
  }

  /// There is more to do than was done: it is due at `time`.
  package mutating func bringForward(to time: Timestamp) {
    next = time
  }
}

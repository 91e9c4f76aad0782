/// Decides when a burst of events has settled and when it is time to look without any event.
struct ChangeDebouncer: Sendable {
  typealias Instant = ContinuousClock.Instant

  private let quiet: Duration
  private let longest: Duration
  private let rescan: Duration
  private var firstEvent: Instant?
  private var lastEvent: Instant?
  private var lastTick: Instant

  /// `quiet` without events makes a change; a burst that goes on is cut into changes every `longest`; `rescan` without
  /// any tick makes one.
  init(quiet: Duration, longest: Duration, rescan: Duration, now: Instant) {
    self.quiet = quiet
    self.longest = longest
    self.rescan = rescan
    lastTick = now
  }

  /// When `tick` wants to be called next.
  var wakeAt: Instant {
    guard let firstEvent, let lastEvent else { return lastTick + rescan }
    return min(lastEvent + quiet, firstEvent + longest)
  }

  mutating func event(now: Instant) {
    firstEvent = firstEvent ?? now
    lastEvent = now
  }

  /// The tick that is due, if any.
  mutating func tick(now: Instant) -> DirectoryWatcher.Tick? {
    guard wakeAt <= now else { return nil }
    defer {
      firstEvent = nil
      lastEvent = nil
      lastTick = now
    }
    return lastEvent == nil ? .rescan : .changed
  }
}

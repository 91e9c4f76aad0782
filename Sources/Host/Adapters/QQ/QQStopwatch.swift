/// A clock as durations since its owner's beginning.
struct QQStopwatch: Sendable {
  let now: @Sendable () -> Duration
  /// Returns early, without a word, when the task is cancelled.
  let sleep: @Sendable (Duration) async -> Void

  init(_ clock: some Clock<Duration>) {
    let start = clock.now
    now = { start.duration(to: clock.now) }
    sleep = { try? await clock.sleep(for: $0) }
  }
}

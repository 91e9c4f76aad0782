/// Whether a runner computes when nobody has called it, as threads that a skill left behind may.
///
/// A reading of the process's clock does not tell when the time was used. So the time that calls lasted is taken off, once for each
/// processor: what is left was used between calls. That is too kind to a skill that is called all the time, but costs no call anything.
struct ProcessorMeter: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// Processor time that may be used between calls at once; a sixtieth of one processor may be used for ever.
  static let allowance: Duration = .seconds(1)
  private static let share = 60
  /// Between two readings, while there are calls or something computes; each reading that finds nothing doubles it.
  static let interval: Duration = .seconds(2)
  static let longestInterval: Duration = .seconds(32)

  let processors: Int
  private var lastTime: Duration = .zero
  private var lastReading: Instant
  /// How long calls took since the last reading.
  private var called: Duration = .zero
  private var interval = Self.interval
  private var excess: Duration = .zero
  /// When a reading is due.
  private(set) var dueAt: Instant
  /// Sticks, so that a call that happens to be in flight need not be punished.
  var isExceeded: Bool { excess > Self.allowance }

  /// `now` is the beginning of what may use the processor freely, such as loading the skill.
  init(processors: Int, now: Instant) {
    self.processors = processors
    lastReading = now
    dueAt = now + Self.interval
  }

  /// A call, or something else that may use the processor, lasted so long.
  mutating func called(for duration: Duration, now: Instant) {
    called += duration
    interval = Self.interval
    dueAt = min(dueAt, now + interval)
  }

  /// The process has used `time` up to now, of which a call that is still in flight has lasted `current`.
  mutating func read(_ time: Duration, current: Duration, now: Instant) {
    let used = time - lastTime
    let free = lastReading.duration(to: now) / Self.share
    if !isExceeded { excess = max(.zero, excess + used - (called + current) * processors - free) }
    interval = used > free || current > .zero ? Self.interval : min(Self.longestInterval, interval * 2)
    // What the call lasted up to here has been counted; the rest comes when it ends.
    called = .zero - current
    lastTime = time
    lastReading = now
    dueAt = now + interval
  }
}

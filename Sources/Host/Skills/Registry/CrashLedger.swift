import Synchronization

/// The faults of one image: how long to wait before the next start, and when enough is enough.
struct CrashHistory: Sendable {
  typealias Instant = ContinuousClock.Instant

  enum Admission: Equatable, Sendable {
    case go
    /// A start makes sense after this long.
    case wait(Duration)
    case quarantined
  }

  let tolerance: CrashTolerance
  private var faults: [Instant] = []
  private(set) var isQuarantined = false
  /// What happened last.
  private(set) var lastFault: String?

  init(tolerance: CrashTolerance = CrashTolerance()) {
    self.tolerance = tolerance
  }

  mutating func record(_ fault: String, now: Instant) {
    faults.removeAll { $0 + tolerance.window <= now }
    faults.append(now)
    lastFault = fault
    if faults.count >= tolerance.limit { isQuarantined = true }
  }

  func admission(now: Instant) -> Admission {
    if isQuarantined { return .quarantined }
    let recent = faults.filter { $0 + tolerance.window > now }
    guard let last = recent.last else { return .go }
    let delay = min(tolerance.longestDelay, tolerance.firstDelay * (1 << min(recent.count - 1, 16)))
    return last + delay > now ? .wait(now.duration(to: last + delay)) : .go
  }
}

/// The crash histories of all images, by hash. Kept as long as the host runs.
final class CrashLedger: Sendable {
  private let tolerance: CrashTolerance
  private let histories = Mutex<[String: CrashHistory]>([:])
  private let listener = Mutex<(@Sendable (_ build: String, _ isNowQuarantined: Bool) -> Void)?>(nil)

  init(tolerance: CrashTolerance) {
    self.tolerance = tolerance
  }

  /// Has `listener` told of every fault.
  func listen(_ listener: @escaping @Sendable (_ build: String, _ isNowQuarantined: Bool) -> Void) {
    self.listener.withLock { $0 = listener }
  }

  func record(_ fault: String, of build: String) {
    let isNowQuarantined = histories.withLock { histories in
      var history = histories[build] ?? CrashHistory(tolerance: tolerance)
      let was = history.isQuarantined
      history.record(fault, now: .now)
      histories[build] = history
      return history.isQuarantined && !was
    }
    listener.withLock { $0 }?(build, isNowQuarantined)
  }

  func history(of build: String) -> CrashHistory {
    histories.withLock { $0[build] ?? CrashHistory(tolerance: tolerance) }
  }
}

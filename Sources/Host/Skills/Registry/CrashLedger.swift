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

  init(tolerance: CrashTolerance) {
    self.tolerance = tolerance
  }

  func record(_ fault: String, of build: String) {
    histories.withLock { $0[build, default: CrashHistory(tolerance: tolerance)].record(fault, now: .now) }
  }

  func history(of build: String) -> CrashHistory {
    histories.withLock { $0[build] ?? CrashHistory(tolerance: tolerance) }
  }
}

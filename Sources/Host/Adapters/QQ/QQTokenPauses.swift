import Core

/// How long to leave the token endpoint alone after it failed: a second, doubled each time.
struct QQTokenPauses {
  private var failures = 0
  private var last: (error: DeliveryError, from: Timestamp, until: Timestamp)?

  /// Wrong credentials do not mend themselves; everything else may be over soon.
  private static func longest(after error: DeliveryError) -> Duration {
    error.concernsAdmins ? .seconds(60) : .seconds(8)
  }

  /// Why nothing is asked now; nil when it is time to ask.
  func error(at now: Timestamp) -> DeliveryError? {
    // A clock that was set back must not stretch the pause.
    guard let last, now < last.until, now >= last.from else { return nil }
    guard case .retry = last.error.advice else { return last.error }
    return DeliveryError(.retry(after: last.until.since(now)), code: last.error.code, message: last.error.message)
  }

  /// True when this is news: the first failure, or another one than before.
  mutating func begin(after error: DeliveryError, at now: Timestamp) -> Bool {
    let isNew = last?.error.code != error.code
    failures = min(failures + 1, 16)
    let pause = min(.seconds(1) * (1 << (failures - 1)), Self.longest(after: error))
    last = (error, now, now.advanced(by: pause))
    return isNew
  }

  /// True when something had failed before.
  mutating func end() -> Bool {
    defer { (failures, last) = (0, nil) }
    return last != nil
  }
}

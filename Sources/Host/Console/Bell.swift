import Core
import Synchronization

/// Wakes every reader that waits for news, all at once.
package final class Bell: Sendable {
  private let waiting = Mutex<[ObjectIdentifier: Wakeup]>([:])

  package init() {}

  package func ring() {
    for wakeup in waiting.withLock({ Array($0.values) }) { wakeup.signal() }
  }

  /// Calls `look` at once and after each ring, until it finds something or `limit` is over; its last finding is returned.
  func wait<Finding>(
    atMost limit: Duration, look: () async throws -> (finding: Finding, isWorthReturning: Bool)
  ) async throws -> Finding {
    let wakeup = Wakeup()
    // Registered before the first look: a ring in between is not missed.
    waiting.withLock { $0[ObjectIdentifier(wakeup)] = wakeup }
    defer { _ = waiting.withLock { $0.removeValue(forKey: ObjectIdentifier(wakeup)) } }
    let deadline = ContinuousClock.now + limit
    while true {
      let (finding, isWorthReturning) = try await look()
      let remaining = deadline - ContinuousClock.now
      if isWorthReturning || remaining <= .zero || Task.isCancelled { return finding }
      await wakeup.wait(atMost: remaining)
    }
  }
}

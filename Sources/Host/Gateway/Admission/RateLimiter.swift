import Core

/// The generic cell rate algorithm for many keys: one number a key, no timers, exact at every instant.
///
/// Holds at most `capacity` keys. Keys that have become idle are forgotten when room is needed, at most once a second; while
/// there is no room, all new keys share one allowance.
struct RateLimiter<Key: Hashable & Sendable>: Sendable {
  let limit: RateLimit
  let capacity: Int
  /// When each key's past events are paid for ("theoretical arrival time"), in microseconds.
  private var paidUntil: [Key: Int64] = [:]
  private var sharedPaidUntil = Self.never
  private var nextSweep = Self.never
  /// By how much the numbers of remembered keys have changed since they were last asked for.
  private var changed: [Key: Int64] = [:]

  init(_ limit: RateLimit, capacity: Int) {
    self.limit = limit
    self.capacity = capacity
  }

  /// How many keys are remembered.
  var count: Int { paidUntil.count }

  /// Microseconds until `key` may act; 0 when it may act now.
  mutating func delay(for key: Key, at now: Timestamp) -> Int64 {
    let now = Self.microseconds(now)
    makeRoom(for: key, at: now)
    var paid = stored(key)
    // Only a clock that was set back makes the debt larger than a full burst: from now on the new clock counts.
    if paid > now, paid - now > limit.tolerance + limit.interval {
      let ahead = paid
      paid = now + limit.tolerance + limit.interval
      store(paid, for: key, spent: paid - ahead)
    }
    return max(0, paid - limit.tolerance - now)
  }

  /// Takes one event out of the allowance of `key`. Call it only after `delay` said 0.
  mutating func spend(_ key: Key, at now: Timestamp) {
    let now = Self.microseconds(now)
    store(max(stored(key), now) + limit.interval, for: key, spent: limit.interval)
  }

  /// Undoes one `spend`.
  mutating func refund(_ key: Key) {
    let paid = stored(key)
    guard paid > Self.never else { return }
    store(paid - limit.interval, for: key, spent: -limit.interval)
  }

  /// Keys that were spent on or refunded since the last call, with their numbers and by how much; at most `limit` of them.
  mutating func takeChanges(atMost limit: Int) -> [(key: Key, paidUntil: Int64, spent: Int64)] {
    var changes: [(key: Key, paidUntil: Int64, spent: Int64)] = []
    while changes.count < limit, let (key, spent) = changed.popFirst() {
      // Forgotten in the meantime: it was idle.
      guard let paid = paidUntil[key] else { continue }
      changes.append((key, paid, spent))
    }
    return changes
  }

  /// Adds what others spent on the same key: its number was `paid`, and with theirs it is `total`.
  mutating func adopt(_ total: Int64, for key: Key, insteadOf paid: Int64) {
    guard total > paid, let now = paidUntil[key] else { return }
    // Spent on again in the meantime, perhaps.
    let (sum, overflow) = now.addingReportingOverflow(total - paid)
    if !overflow { paidUntil[key] = sum }
  }

  /// Takes up the number of an earlier run, unless it means nothing any more. One that lies too far ahead, because the clock was
  /// set back in between, is brought into range.
  mutating func restore(_ key: Key, paidUntil paid: Int64, at now: Timestamp) {
    let now = Self.microseconds(now)
    guard paid > now, paidUntil.count < capacity else { return }
    paidUntil[key] = min(paid, now + limit.tolerance + limit.interval)
  }

  private func stored(_ key: Key) -> Int64 {
    paidUntil[key] ?? (paidUntil.count < capacity ? Self.never : sharedPaidUntil)
  }

  private mutating func store(_ paid: Int64, for key: Key, spent: Int64) {
    if paidUntil[key] != nil || paidUntil.count < capacity {
      paidUntil[key] = paid
      changed[key, default: 0] &+= spent
    } else {
      sharedPaidUntil = paid
    }
  }

  private mutating func makeRoom(for key: Key, at now: Int64) {
    guard paidUntil.count >= capacity, paidUntil[key] == nil, now >= nextSweep || nextSweep - now > 1_000_000 else { return }
    nextSweep = now + 1_000_000
    paidUntil = paidUntil.filter { $0.value > now }
    changed = changed.filter { paidUntil[$0.key] != nil }
  }

  /// Times are clamped to ± 100,000 years, and this lies before all of them, so that no sum or difference can overflow.
  private static var never: Int64 { -4_000_000_000_000_000_000 }

  private static func microseconds(_ time: Timestamp) -> Int64 {
    min(max(time.milliseconds, -3_155_760_000_000_000), 3_155_760_000_000_000) * 1000
  }
}

/// What one sender, group, channel or address has used up of its allowance: the whole state of its token bucket.
package struct RateCell: Sendable, Hashable {
  /// Which allowance: `sender`, `group`, `channel` or `address`.
  package let kind: String
  package let key: String
  /// Until when the past is paid for, in microseconds of wall-clock time. Once that time has come, the bucket is full again and
  /// the cell may be forgotten.
  package let paidUntil: Int64

  package init(kind: String, key: String, paidUntil: Int64) {
    self.kind = kind
    self.key = key
    self.paidUntil = paidUntil
  }
}

/// Where cells survive a restart.
package protocol RateCellStore: Sendable {
  /// Every cell that is kept.
  func cells() async throws -> [RateCell]
  /// Keeps these, in place of those of the same kind and key, and forgets some of those that are full again by `now`.
  func keep(_ cells: [RateCell], now: Timestamp) async throws
}

/// What one sender, group, channel or address has used up of its allowance: the whole state of its token bucket.
package struct RateCell: Sendable, Hashable {
  /// Which allowance: `sender`, `group`, `channel` or `address`.
  package let kind: String
  package let key: String
  /// Until when the past is paid for, in microseconds of wall-clock time. Once that time has come, the bucket is full again and
  /// the cell may be forgotten.
  package let paidUntil: Int64
  /// How much of that was added here since the cell was last kept: what others added meanwhile counts on top.
  package let spent: Int64

  package init(kind: String, key: String, paidUntil: Int64, spent: Int64 = 0) {
    self.kind = kind
    self.key = key
    self.paidUntil = paidUntil
    self.spent = spent
  }
}

/// Where cells survive a restart.
package protocol RateCellStore: Sendable {
  /// Every cell that is kept.
  func cells() async throws -> [RateCell]
  /// Keeps these, together with what other instances of the service spent, and forgets some of those that are full again by `now`.
  ///
  /// - Returns: the same cells, in their order, as they stand now.
  func keep(_ cells: [RateCell], now: Timestamp) async throws -> [RateCell]
}

import Core

/// Decides whether one more event, or one more attempt, is too many.
struct EventRates: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case sender, group, channel, address
  }

  private var limiters: [Kind: RateLimiter<String>]

  init(_ limits: AdmissionLimits) {
    limiters = [
      .sender: RateLimiter(limits.sender, capacity: limits.keys), .group: RateLimiter(limits.group, capacity: limits.keys),
      .channel: RateLimiter(limits.channel, capacity: limits.keys),
      .address: RateLimiter(limits.address, capacity: limits.keys),
    ]
  }

  /// Takes one event out of the allowances of its sender, its group and its channel: from all of them or from none.
  mutating func admit(_ event: ChatEvent) throws(Refusal) {
    var keys: [(Kind, String)] = [(.sender, event.sender.id)]
    switch event.conversation.scene.kind {
    case .group, .guild: keys.append((.group, event.conversation.description))
    case .private, .guildPrivate: break
    }
    keys.append((.channel, event.conversation.channel))
    try admit(keys, at: event.receivedAt)
  }

  /// Takes one request that leads to no event, but costs an answer, out of the allowance of its channel.
  mutating func admit(channel: String, at now: Timestamp) throws(Refusal) {
    try admit([(.channel, channel)], at: now)
  }

  private mutating func admit(_ keys: [(Kind, String)], at now: Timestamp) throws(Refusal) {
    for (kind, key) in keys { try check(kind, key, at: now) }
    for (kind, key) in keys { limiters[kind]?.spend(key, at: now) }
  }

  /// Throws when `address` has no attempt left.
  mutating func check(address: String, at now: Timestamp) throws(Refusal) {
    try check(.address, address, at: now)
  }

  /// Takes one attempt out of the allowance of `address`, before it is known who is there.
  mutating func charge(address: String, at now: Timestamp) throws(Refusal) {
    try admit([(.address, address)], at: now)
  }

  /// Gives an attempt back: it was somebody whom we know.
  mutating func refund(address: String) {
    limiters[.address]?.refund(address)
  }

  private mutating func check(_ kind: Kind, _ key: String, at now: Timestamp) throws(Refusal) {
    let delay = limiters[kind]?.delay(for: key, at: now) ?? 0
    guard delay == 0 else { throw .rateLimited(kind, microseconds: delay) }
  }

  // MARK: Restarts and other instances

  /// The cells that have changed since the last call, at most `limit` of them.
  mutating func takeChanges(atMost limit: Int) -> [RateCell] {
    var cells: [RateCell] = []
    for kind in Kind.allCases where cells.count < limit {
      let changes = limiters[kind]?.takeChanges(atMost: limit - cells.count) ?? []
      cells += changes.map { RateCell(kind: kind.rawValue, key: $0.key, paidUntil: $0.paidUntil, spent: $0.spent) }
    }
    return cells
  }

  /// Adds what other instances spent: `kept` are the cells `taken`, as they stand now.
  mutating func adopt(_ kept: [RateCell], insteadOf taken: [RateCell]) {
    for (cell, old) in zip(kept, taken) {
      guard let kind = Kind(rawValue: cell.kind) else { continue }
      limiters[kind]?.adopt(cell.paidUntil, for: cell.key, insteadOf: old.paidUntil)
    }
  }

  /// Takes up cells of an earlier run. Those that are full again are left out.
  mutating func restore(_ cells: [RateCell], at now: Timestamp) {
    for cell in cells {
      guard let kind = Kind(rawValue: cell.kind) else { continue }
      limiters[kind]?.restore(cell.key, paidUntil: cell.paidUntil, at: now)
    }
  }
}

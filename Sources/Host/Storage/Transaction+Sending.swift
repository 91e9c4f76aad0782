package import Core

extension Transaction {
  // MARK: Claiming

  /// Claims the oldest message of each of up to `limit` conversations in which one may go out now and none is on its way. The
  /// conversation that has waited longest comes first.
  ///
  /// The claim is committed before the first byte is sent: after a crash we know which sends are in doubt. Rates are paid with
  /// the claim.
  ///
  /// - Parameter reachable: the channels that this instance can send through; nil for all.
  package func claimMessages(limit: Int, reachable: Set<String>? = nil) throws -> [(message: OutboundMessage, attempt: Int)] {
    var due: [(lane: String, channel: String, since: Int64)] = []
    for channel in try channels() where channel.freeAt <= now && reachable?.contains(channel.name) ?? true {
      due += try rows(
        "SELECT lane, due FROM outbox_lane INDEXED BY outbox_lane_due WHERE channel = ? AND due <= ? ORDER BY due, lane LIMIT ?",
        [channel.name, now.milliseconds, limit]
      ).map { (try $0["lane"], channel.name, try $0["due"]) }
    }
    due.sort { ($0.since, $0.lane) < ($1.since, $1.lane) }
    var claimed: [(message: OutboundMessage, attempt: Int)] = []
    for (lane, channel, _) in due where claimed.count < limit {
      guard try freeTime(of: channel) <= now, let next = try claimMessage(of: lane, channel: channel) else { continue }
      claimed.append(next)
    }
    return claimed
  }

  /// What keeps a message from being sent now.
  private enum Obstacle {
    /// It can go only when something came in.
    case mustBeHeld
    case until(Timestamp)
  }

  private func claimMessage(of lane: String, channel: String) throws -> (message: OutboundMessage, attempt: Int)? {
    var answersOnly = false
    var earliest: Timestamp?
    // Told which index: the planner prefers the one that walks through everything the lane ever said.
    while let row = try row(
      """
      SELECT * FROM outbox INDEXED BY outbox_pending WHERE lane = ? AND state = 'pending' AND (unasked = 0 OR ? = 0)
      ORDER BY id LIMIT 1
      """, [lane, answersOnly])
    {
      let message = try Self.message(from: row)
      let rates = try rates(of: lane, channel: channel, message: message, isUnasked: try row["unasked"])
      switch try obstacle(to: message, row: row, rates: rates) {
      case .mustBeHeld?:
        try hold(row)
        try releaseUnderNewest(in: message.conversation)
      case .until(let time)?:
        earliest = min(earliest ?? time, time)
        // An answer need not wait until something unasked may be said.
        guard try row["unasked"], (try row["attempts"] as Int) == 0 else { return try wait(lane, until: earliest) }
        answersOnly = true
      case nil:
        try pay(rates, of: lane, channel: channel)
        try run("UPDATE outbox_lane SET due = NULL, sending = 1 WHERE lane = ?", [lane])
        try run("UPDATE outbox SET state = 'sending', attempts = attempts + 1, sender = ? WHERE id = ?", [boot, message.id])
        return (message, (try row["attempts"] as Int) + 1)
      }
    }
    return try wait(lane, until: earliest)
  }

  private func wait(_ lane: String, until time: Timestamp?) throws -> (message: OutboundMessage, attempt: Int)? {
    try run("UPDATE outbox_lane SET due = ? WHERE lane = ?", [time?.milliseconds, lane])
    return nil
  }

  private func obstacle(to message: OutboundMessage, row: SQLRow, rates: Rates) throws -> Obstacle? {
    let lane = message.conversation.description
    if let reference = message.answers, allowance(in: message.conversation) != nil {
      guard try budget(for: reference, in: lane)?.isOpen(at: now) ?? false else { return .mustBeHeld }
    }
    if try row["unasked"], rates.refusesUnasked { return .mustBeHeld }
    let time = max(Timestamp(milliseconds: try row["not_before"]), now.advanced(by: rates.delay(at: now)))
    return time > now ? .until(time) : nil
  }

  // MARK: Rates

  /// The rates that one message is counted against in its chat.
  private struct Rates {
    let perChat: RateLimit?
    let unasked: RateLimit?
    var chat: SendingRate
    var unaskedChat: SendingRate
    let refusesUnasked: Bool

    func delay(at now: Timestamp) -> Duration {
      let chatDelay = perChat.map { chat.delay(under: $0, at: now) } ?? 0
      let unaskedDelay = unasked.map { unaskedChat.delay(under: $0, at: now) } ?? 0
      return SendingRate.wait(max(chatDelay, unaskedDelay))
    }
  }

  private func rates(of lane: String, channel: String, message: OutboundMessage, isUnasked: Bool) throws -> Rates {
    let rules = sendingRules[channel]
    let row = try row("SELECT paid_until, unasked_paid_until, refuses_unasked FROM outbox_lane WHERE lane = ?", [lane])
    return Rates(
      perChat: rules?.perChat, unasked: isUnasked ? rules?.unasked[message.conversation.scene.kind] : nil,
      chat: SendingRate(paidUntil: try row?["paid_until"]), unaskedChat: SendingRate(paidUntil: try row?["unasked_paid_until"]),
      refusesUnasked: try row?["refuses_unasked"] ?? false)
  }

  private func pay(_ rates: Rates, of lane: String, channel: String) throws {
    var rates = rates
    if let limit = rates.perChat {
      rates.chat.spend(under: limit, at: now)
      try run("UPDATE outbox_lane SET paid_until = ? WHERE lane = ?", [rates.chat.paidUntil, lane])
    }
    if let limit = rates.unasked {
      rates.unaskedChat.spend(under: limit, at: now)
      try run("UPDATE outbox_lane SET unasked_paid_until = ? WHERE lane = ?", [rates.unaskedChat.paidUntil, lane])
    }
    guard let limit = sendingRules[channel]?.perChannel else { return }
    let row = try row("SELECT paid_until FROM outbox_channel WHERE channel = ?", [channel])
    var cell = SendingRate(paidUntil: try row?["paid_until"])
    cell.spend(under: limit, at: now)
    try run("UPDATE outbox_channel SET paid_until = ? WHERE channel = ?", [cell.paidUntil, channel])
  }

  /// Nothing of this channel goes out before `time`: the platform asked for it.
  package func pauseChannel(_ channel: String, until time: Timestamp) throws {
    try run(
      "UPDATE outbox_channel SET paused_until = GREATEST(paused_until, ?) WHERE channel = ?",
      [time.milliseconds, channel])
  }

  private func channels() throws -> [(name: String, freeAt: Timestamp)] {
    try rows("SELECT channel, paid_until, paused_until FROM outbox_channel", []).map {
      (try $0["channel"], try freeTime(from: $0))
    }
  }

  private func freeTime(of channel: String) throws -> Timestamp {
    guard sendingRules[channel]?.perChannel != nil else { return now }
    return try row("SELECT channel, paid_until, paused_until FROM outbox_channel WHERE channel = ?", [channel])
      .map { try freeTime(from: $0) } ?? now
  }

  /// When the next message of this channel may go, as far as the channel is concerned.
  private func freeTime(from row: SQLRow) throws -> Timestamp {
    let delay =
      try sendingRules[row["channel"]]?.perChannel
      .map { SendingRate(paidUntil: try row["paid_until"]).delay(under: $0, at: now) } ?? 0
    let paused = Timestamp(milliseconds: (try row["paused_until"] as Int64?) ?? 0)
    return max(now, paused, now.advanced(by: SendingRate.wait(delay)))
  }

  /// When the next message becomes due, if any waits that none on its way holds up.
  ///
  /// - Parameter reachable: the channels that this instance can send through; nil for all.
  package func nextMessageDue(reachable: Set<String>? = nil) throws -> Timestamp? {
    try channels().filter { reachable?.contains($0.name) ?? true }.compactMap { channel in
      let due = try row(
        "SELECT due FROM outbox_lane INDEXED BY outbox_lane_due WHERE channel = ? AND due IS NOT NULL ORDER BY due LIMIT 1",
        [channel.name])
      guard let due else { return nil }
      let time = Timestamp(milliseconds: try due["due"])
      return channel.freeAt > now ? max(time, channel.freeAt) : time
    }.min()
  }

  /// Makes every waiting message due: times of an earlier run mean nothing when the clock was set back in between.
  package func hurryMessages() throws {
    try run("UPDATE outbox_lane SET due = ?1 WHERE due > ?1", [now.milliseconds])
    try run("UPDATE outbox SET not_before = ?1 WHERE state = 'pending' AND not_before > ?1", [now.milliseconds])
    try run(
      "UPDATE outbox_channel SET paused_until = NULL WHERE paused_until > ?", [now.advanced(by: .seconds(300)).milliseconds])
  }

  // MARK: Outcomes

  /// The message of this conversation is no longer on its way. Its chat goes behind the others that are due.
  private func free(_ conversation: Conversation) throws {
    try run(
      """
      UPDATE outbox_lane SET sending = 0,
        due = CASE WHEN closed IS NULL THEN (
          SELECT GREATEST(not_before, ?2) FROM outbox INDEXED BY outbox_pending
          WHERE lane = ?1 AND state = 'pending' AND id = (
            SELECT MIN(id) FROM outbox INDEXED BY outbox_pending WHERE lane = ?1 AND state = 'pending')) END
      WHERE lane = ?1
      """, [conversation.description, now.milliseconds])
  }

  package func markSent(_ message: OutboundMessage, platformID: String?) throws {
    try run("UPDATE outbox SET state = 'sent', platform_id = ?, error = NULL WHERE id = ?", [platformID, message.id])
    try free(message.conversation)
  }

  /// The platform holds it for review: whether it was sent is told under `auditID` later.
  package func markReviewing(_ message: OutboundMessage, auditID: String) throws {
    try run("UPDATE outbox SET state = 'reviewing', audit_id = ?, error = NULL WHERE id = ?", [auditID, message.id])
    try free(message.conversation)
  }

  func settleReview(_ auditID: String, in conversation: Conversation, sentAs platformID: String?, passed: Bool) throws {
    try run(
      """
      UPDATE outbox SET state = ?, platform_id = ?, error = ?
      WHERE channel = ? AND audit_id = ? AND state = 'reviewing'
      """,
      [passed ? "sent" : "failed", platformID, passed ? nil : "review_rejected", conversation.channel, auditID])
  }

  /// Puts the message back, due at `time`.
  ///
  /// - Parameter inDoubt: it may have arrived; it is sent again only under the same number.
  package func postpone(_ message: OutboundMessage, until time: Timestamp, error: String, inDoubt: Bool = false) throws {
    try run(
      "UPDATE outbox SET state = 'pending', not_before = ?, error = ?, doubtful = GREATEST(doubtful, ?) WHERE id = ?",
      [time.milliseconds, error, inDoubt, message.id])
    if try lane(message.conversation.description)?.closed != nil { try holdAgain(message) }
    try free(message.conversation)
  }

  /// The platform takes no more answers to what this answers: it goes out with the next thing that comes in.
  package func markHeld(_ message: OutboundMessage, error: String) throws {
    if let reference = message.answers {
      try closeBudget(of: reference, in: message.conversation.description)
    }
    try run("UPDATE outbox SET error = ? WHERE id = ?", [error, message.id])
    try holdAgain(message)
    try releaseUnderNewest(in: message.conversation)
    try free(message.conversation)
  }

  /// The chat is closed to us: this and what waits behind it is held.
  package func markTargetGone(_ message: OutboundMessage, error: String) throws {
    try run("UPDATE outbox SET error = ? WHERE id = ?", [error, message.id])
    try holdAgain(message)
    try free(message.conversation)
    try closeChat(message.conversation, because: error)
  }

  private func holdAgain(_ message: OutboundMessage) throws {
    if let row = try row("SELECT * FROM outbox WHERE id = ?", [message.id]) { try hold(row) }
  }

  /// The platform will not take it.
  package func markFailed(_ message: OutboundMessage, error: String) throws {
    try run("UPDATE outbox SET state = 'failed', error = ? WHERE id = ?", [error, message.id])
    try free(message.conversation)
  }

  /// It may or may not have arrived, and sending it again could show it twice.
  package func markUnknown(_ message: OutboundMessage, error: String) throws {
    try run("UPDATE outbox SET state = 'unknown', error = ? WHERE id = ?", [error, message.id])
    try free(message.conversation)
  }
}

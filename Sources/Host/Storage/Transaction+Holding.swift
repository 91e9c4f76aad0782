package import Core

/// What a chat's row in the outbox says about the chat.
struct OutboxLane {
  /// Why nothing may go out; nil when it may.
  let closed: String?
  let refusesUnasked: Bool
  /// Messages that wait for something to come in.
  let held: Int
}

extension Transaction {
  /// Messages that one chat may hold; past it the oldest is given up.
  static let heldLimit = 20

  // MARK: The ledger

  func allowance(in conversation: Conversation) -> SendingRules.Allowance? {
    sendingRules[conversation.channel]?.replies[conversation.scene.kind]
  }

  func textLimit(of conversation: Conversation) -> Int {
    sendingRules[conversation.channel]?.textLimit ?? .max
  }

  /// What may still be said to this; nil when it opened nothing, or so long ago that it was forgotten.
  func budget(for reference: MessageReference, in lane: String) throws -> ReplyBudget? {
    try row("SELECT * FROM reply_budget WHERE lane = ? AND reference = ?", [lane, reference.messageID]).map(Self.budget)
  }

  /// Takes the next number among the answers to this.
  func spend(_ reference: MessageReference, in lane: String) throws -> Int {
    let next = try row(
      "UPDATE reply_budget SET used = used + 1 WHERE lane = ? AND reference = ? RETURNING used", [lane, reference.messageID])
    return (try next?["used"] as Int?) ?? 1
  }

  /// A number for a sign that the robot is at work, which the platform may count as an answer; nil when none can be spared.
  /// 0 where answers are not counted: no message has it.
  package func reserveTyping(for address: ReplyAddress) throws -> Int? {
    guard let reference = address.answers else { return nil }
    guard allowance(in: address.conversation) != nil else { return 0 }
    let lane = address.conversation.description
    guard let budget = try budget(for: reference, in: lane), budget.room(for: .typing, at: now) > 0 else { return nil }
    return try spend(reference, in: lane)
  }

  private static func budget(from row: SQLRow) throws -> ReplyBudget {
    ReplyBudget(
      reference: MessageReference(
        messageID: try row["reference"], kind: MessageReference.Kind(rawValue: try row["kind"]) ?? .message),
      closesAt: Timestamp(milliseconds: try row["closes_at"]), replies: try row["replies"], used: try row["used"])
  }

  /// The platform counts otherwise than we do: nothing more goes out under this.
  func closeBudget(of reference: MessageReference, in lane: String) throws {
    try run(
      "UPDATE reply_budget SET closes_at = ? WHERE lane = ? AND reference = ?", [now.milliseconds, lane, reference.messageID])
  }

  // MARK: Chats

  /// The chat's row, which is made when there is none.
  func openLane(of conversation: Conversation) throws -> OutboxLane {
    if let lane = try lane(conversation.description) { return lane }
    try run(
      "INSERT INTO outbox_lane (lane, channel) VALUES (?, ?)", [conversation.description, conversation.channel])
    try run("INSERT INTO outbox_channel (channel) VALUES (?) ON CONFLICT DO NOTHING", [conversation.channel])
    return OutboxLane(closed: nil, refusesUnasked: false, held: 0)
  }

  func lane(_ lane: String) throws -> OutboxLane? {
    try row("SELECT closed, refuses_unasked, held FROM outbox_lane WHERE lane = ?", [lane])
      .map { OutboxLane(closed: try $0["closed"], refusesUnasked: try $0["refuses_unasked"], held: try $0["held"]) }
  }

  /// Nothing goes out to this chat until something comes in from it; what waits is held.
  package func closeChat(_ conversation: Conversation, because reason: String) throws {
    _ = try openLane(of: conversation)
    let lane = conversation.description
    try run("UPDATE outbox_lane SET closed = ?, due = NULL WHERE lane = ?", [reason, lane])
    for row in try rows("SELECT * FROM outbox INDEXED BY outbox_pending WHERE lane = ? AND state = 'pending'", [lane]) {
      try hold(row)
    }
  }

  /// What came in changes what may go out: it opens its chat and a window for answers, or says that a chat is closed.
  func noteInbound(_ event: ChatEvent) throws {
    let conversation = event.conversation
    let lane = conversation.description
    if case .notice(let notice) = event.kind {
      switch notice {
      case .botRemoved: return try closeChat(conversation, because: "bot_removed")
      case .friendRemoved: return try closeChat(conversation, because: "friend_removed")
      case .muted: return try closeChat(conversation, because: "muted")
      case .unaskedRefused:
        _ = try openLane(of: conversation)
        try run("UPDATE outbox_lane SET refuses_unasked = 1 WHERE lane = ?", [lane])
        return
      case .reviewPassed(let audit, let message): return try settleReview(audit, in: conversation, sentAs: message, passed: true)
      case .reviewRejected(let audit): return try settleReview(audit, in: conversation, sentAs: nil, passed: false)
      case .recalled: return
      case .botAdded, .friendAdded, .unaskedAllowed, .unmuted: break
      }
    }
    let opensWindow = opensWindow(event.kind)
    if opensWindow, let allowance = allowance(in: conversation) {
      try run(
        """
        INSERT INTO reply_budget (lane, reference, kind, request_id, closes_at, replies) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """,
        [
          lane, event.messageID, event.reference.kind.rawValue, event.requestID.description,
          event.receivedAt.advanced(by: allowance.window).milliseconds, allowance.replies,
        ])
    }
    guard let state = try self.lane(lane) else { return }
    if state.closed != nil { try run("UPDATE outbox_lane SET closed = NULL WHERE lane = ?", [lane]) }
    if event.kind == .notice(.unaskedAllowed), state.refusesUnasked {
      try run("UPDATE outbox_lane SET refuses_unasked = 0 WHERE lane = ?", [lane])
    }
    guard state.held > 0 else { return }
    if opensWindow {
      try release(in: conversation, under: event.reference)
    } else {
      try releaseUnasked(in: conversation)
    }
  }

  /// Whether the platform takes answers to it.
  private func opensWindow(_ kind: ChatEvent.Kind) -> Bool {
    switch kind {
    case .message, .button, .notice(.botAdded), .notice(.friendAdded), .notice(.unaskedAllowed): true
    case .notice: false
    }
  }

  // MARK: Holding

  /// Keeps a new message for the next thing that comes in; text is packed behind what is held already.
  func hold(_ draft: OutboxDraft, limit: Int) throws {
    let lane = draft.address.conversation.description
    let packed = OutboxDraft.limit(limit, leavingRoomFor: OutboxDraft.continues)
    for piece in draft.pieces(limit: packed) {
      let last = try row(
        "SELECT * FROM outbox INDEXED BY outbox_held WHERE lane = ? AND state = 'held' ORDER BY id DESC LIMIT 1", [lane])
      if let last, piece.isMergeable, (try last["unasked"] as Bool) == (draft.address.answers == nil),
        case let joined = try Self.draft(from: last).joined(with: piece),
        try Self.draft(from: last).isMergeable, joined.content.text.unicodeScalars.count <= packed
      {
        try run(
          "UPDATE outbox SET content = ?, digest = ? WHERE id = ?",
          [try StoredText.encode(OutboundContent.message(joined.content)), joined.digest, try last["id"] as Int64])
      } else {
        try insert(
          piece.address, content: .message(piece.content), digest: piece.digest, sequence: 0, state: "held",
          unasked: piece.address.answers == nil)
        try countHeld(in: lane, channel: piece.address.conversation.channel)
      }
    }
    // A newer event may have room already.
    try releaseUnderNewest(in: draft.address.conversation)
  }

  /// Keeps a message that was due. One that may have arrived is not: it would be shown twice.
  func hold(_ row: SQLRow) throws {
    let id: Int64 = try row["id"]
    guard !(try row["doubtful"] as Bool) else {
      try run("UPDATE outbox SET state = 'unknown', error = 'window_over_in_doubt' WHERE id = ?", [id])
      return
    }
    if case .recall = try Self.message(from: row).content {
      try run("UPDATE outbox SET state = 'failed', error = 'chat_closed' WHERE id = ?", [id])
      return
    }
    try run(
      """
      UPDATE outbox SET state = 'held', answers = NULL, answers_kind = NULL, sequence = 0, attempts = 0 WHERE id = ?
      """, [id])
    try countHeld(in: try row["lane"], channel: try row["channel"])
  }

  private func countHeld(in lane: String, channel: String) throws {
    let held = try row("UPDATE outbox_lane SET held = held + 1 WHERE lane = ? RETURNING held", [lane])
    guard let held, (try held["held"] as Int) > Self.heldLimit else { return }
    try run(
      """
      UPDATE outbox SET state = 'failed', error = 'held_too_many'
      WHERE id = (SELECT id FROM outbox INDEXED BY outbox_held WHERE lane = ? AND state = 'held' ORDER BY id LIMIT 1)
      """, [lane])
    try run("UPDATE outbox_lane SET held = held - 1 WHERE lane = ?", [lane])
    try run("UPDATE outbox_channel SET dropped = dropped + 1 WHERE channel = ?", [channel])
  }

  func hasHeld(from address: ReplyAddress) throws -> Bool {
    try row(
      "SELECT 1 FROM outbox INDEXED BY outbox_held WHERE lane = ? AND state = 'held' AND request_id = ? LIMIT 1",
      [address.conversation.description, address.requestID.description]) != nil
  }

  // MARK: Releasing

  func releaseUnderNewest(in conversation: Conversation) throws {
    let lane = conversation.description
    guard let state = try self.lane(lane), state.held > 0, state.closed == nil else { return }
    let newest = try row("SELECT * FROM reply_budget WHERE lane = ? ORDER BY id DESC LIMIT 1", [lane]).map(Self.budget)
    guard let newest, newest.room(for: .held, at: now) > 0 else { return }
    try release(in: conversation, under: newest.reference)
  }

  /// Lets held messages out as answers to `reference`, as many as have room there; the last says when more is left.
  private func release(in conversation: Conversation, under reference: MessageReference) throws {
    let lane = conversation.description
    var room = Int.max
    if allowance(in: conversation) != nil {
      room = try budget(for: reference, in: lane)?.room(for: .held, at: now) ?? 0
    }
    guard room > 0 else { return }
    let held = try rows(
      "SELECT * FROM outbox INDEXED BY outbox_held WHERE lane = ? AND state = 'held' ORDER BY id", [lane])
    for (index, row) in held.prefix(room).enumerated() {
      var draft = try Self.draft(from: row)
      if index + 1 == room, held.count > room, draft.isMergeable,
        draft.content.text.unicodeScalars.count
          <= OutboxDraft.limit(textLimit(of: conversation), leavingRoomFor: OutboxDraft.continues)
      {
        draft.content.text += OutboxDraft.continues
      }
      let sequence =
        room == .max ? try nextSequence(in: lane, answering: reference) : try spend(reference, in: lane)
      try run(
        """
        UPDATE outbox SET state = 'pending', answers = ?, answers_kind = ?, sequence = ?, unasked = 0, content = ?,
          not_before = ? WHERE id = ?
        """,
        [
          reference.messageID, reference.kind.rawValue, sequence,
          try StoredText.encode(OutboundContent.message(draft.content)), now.milliseconds, try row["id"] as Int64,
        ])
    }
    try noteReleased(min(room, held.count), in: lane)
  }

  /// Lets out what needs nothing to answer: everything where answers are not counted.
  private func releaseUnasked(in conversation: Conversation) throws {
    let lane = conversation.description
    let all = allowance(in: conversation) == nil
    guard let state = try self.lane(lane), !state.refusesUnasked else { return }
    let released = try run(
      """
      UPDATE outbox SET state = 'pending', sequence = 1, unasked = 1, not_before = ?1
      WHERE lane = ?2 AND state = 'held' AND (unasked = 1 OR ?3 = 1)
      """, [now.milliseconds, lane, all])
    try noteReleased(released, in: lane)
  }

  private func noteReleased(_ count: Int, in lane: String) throws {
    guard count > 0 else { return }
    try run(
      """
      UPDATE outbox_lane SET held = held - ?1, due = CASE WHEN sending = 1 THEN due ELSE LEAST(due, ?2) END WHERE lane = ?3
      """, [count, now.milliseconds, lane])
  }

  // MARK: Keeping house

  /// What `tidyOutbox` found.
  package struct Housekeeping: Sendable, Equatable {
    /// Messages that wait for something to come in.
    package let held: Int
    /// Held messages given up since the last time, because there were too many or they were too old.
    package let dropped: Int
    /// Whether there may be more to forget or to give up.
    package let isUnfinished: Bool
  }

  /// One step of keeping house, which holds up other writers for a short while only.
  private static let tidyStep = 1000

  /// Forgets windows that are closed, and gives up what was held for more than `age`.
  package func tidyOutbox(heldFor age: Duration) throws -> Housekeeping {
    // A little later: an answer that is on its way is settled by then.
    let forgotten = try run(
      "DELETE FROM reply_budget WHERE id IN (SELECT id FROM reply_budget WHERE closes_at < ? ORDER BY closes_at LIMIT ?)",
      [now.advanced(by: .seconds(-600)).milliseconds, Self.tidyStep])
    let old = try rows(
      """
      UPDATE outbox SET state = 'failed', error = 'held_too_long'
      WHERE id IN (
        SELECT id FROM outbox INDEXED BY outbox_held_age WHERE state = 'held' AND created_at < ? ORDER BY created_at LIMIT ?)
      RETURNING lane
      """, [now.advanced(by: .zero - age).milliseconds, Self.tidyStep])
    for row in old { try run("UPDATE outbox_lane SET held = held - 1 WHERE lane = ?", [try row["lane"] as String]) }
    let dropped = try row("SELECT CAST(COALESCE(SUM(dropped), 0) AS BIGINT) AS dropped FROM outbox_channel", [])
    try run("UPDATE outbox_channel SET dropped = 0 WHERE dropped > 0", [])
    let held = try row("SELECT COUNT(*) AS held FROM outbox INDEXED BY outbox_held_age WHERE state = 'held'", [])
    return Housekeeping(
      held: (try held?["held"] as Int?) ?? 0, dropped: old.count + (try dropped?["dropped"] ?? 0),
      isUnfinished: max(forgotten, old.count) == Self.tidyStep)
  }
}

package import Core
import Crypto
import Foundation

extension Transaction {
  /// Fixes a message of plain text in the outbox.
  package func enqueue(_ text: String, to address: ReplyAddress, as purpose: MessagePurpose = .final) throws {
    try enqueue(MessageContent(text: text), to: address, as: purpose)
  }

  /// Fixes a message in the outbox, cut to what the platform takes and counted against what it allows. What has no room now is
  /// held for the next thing that comes in from this chat. The same content twice as answer to one thing, or unasked within a
  /// minute, is said once.
  package func enqueue(_ content: MessageContent, to address: ReplyAddress, as purpose: MessagePurpose) throws {
    var content = content
    // SQLite would end a text at a NUL when somebody looks at it.
    content.text = content.text.replacing("\0", with: "\u{fffd}")
    let digest = try Self.digest(of: content)
    guard try !wasSaid(digest, to: address) else { return }
    let lane = address.conversation.description
    let state = try openLane(of: address.conversation)
    let draft = OutboxDraft(address: address, content: content, digest: digest)
    if state.closed != nil || address.answers == nil && state.refusesUnasked {
      return try hold(draft, limit: textLimit(of: address.conversation))
    }
    guard let reference = address.answers, allowance(in: address.conversation) != nil else {
      for piece in draft.pieces(limit: textLimit(of: address.conversation)) {
        try insert(piece, sequence: try nextSequence(in: lane, answering: address.answers))
      }
      return
    }
    if purpose == .interim, state.held > 0, try hasHeld(from: address) {
      return try hold(draft, limit: textLimit(of: address.conversation))
    }
    try place(draft, answering: reference, as: purpose)
  }

  /// Fixes the taking back of a message of ours. It is no answer and counts as none.
  package func enqueueRecall(of messageID: String, in conversation: Conversation, requestID: RequestID) throws {
    guard try openLane(of: conversation).closed == nil else { return }
    let address = ReplyAddress(conversation: conversation, requestID: requestID, answers: nil)
    try insert(address, content: .recall(messageID: messageID), digest: "", sequence: 0, state: "pending", unasked: false)
  }

  /// Counts the pieces against the ledger. When they do not fit as they are, they are packed together with what waits already.
  private func place(_ draft: OutboxDraft, answering reference: MessageReference, as purpose: MessagePurpose) throws {
    let lane = draft.address.conversation.description
    let limit = textLimit(of: draft.address.conversation)
    let room = try budget(for: reference, in: lane)?.room(for: purpose == .final ? .final : .interim, at: now) ?? 0
    let pieces = draft.pieces(limit: limit)
    if pieces.count <= room {
      for piece in pieces { try insert(piece, sequence: try spend(reference, in: lane)) }
      return
    }
    let tail = try mergeableTail(in: lane, answering: reference)
    let packed = tail.map { $0.draft.joined(with: draft) } ?? draft
    let slots = room + (tail == nil ? 0 : 1)
    guard slots > 0, packed.isMergeable || tail == nil else { return try hold(draft, limit: limit) }
    var cut = packed.pieces(limit: limit)
    var left: ArraySlice<OutboxDraft> = []
    if cut.count > slots {
      cut = packed.pieces(limit: OutboxDraft.limit(limit, leavingRoomFor: OutboxDraft.continues))
      left = cut[min(slots, cut.count)...]
      cut = Array(cut.prefix(slots))
      if !left.isEmpty { cut[cut.count - 1].content.text += OutboxDraft.continues }
    }
    for (index, piece) in cut.enumerated() {
      if index == 0, let tail {
        try run(
          "UPDATE outbox SET content = ?, digest = ? WHERE id = ?",
          [try StoredText.encode(OutboundContent.message(piece.content)), packed.digest, tail.id])
      } else {
        try insert(piece, sequence: try spend(reference, in: lane))
      }
    }
    for piece in left { try hold(piece, limit: limit) }
  }

  /// The last message that waits in this chat, if it answers the same thing, was never tried and is plain text.
  private func mergeableTail(in lane: String, answering reference: MessageReference) throws -> (id: Int64, draft: OutboxDraft)? {
    let row = try row(
      "SELECT * FROM outbox INDEXED BY outbox_pending WHERE lane = ? AND state = 'pending' ORDER BY id DESC LIMIT 1", [lane])
    guard let row, (try row["attempts"] as Int) == 0, (try row["answers"] as String?) == reference.messageID else { return nil }
    let draft = try Self.draft(from: row)
    return draft.isMergeable ? (try row["id"], draft) : nil
  }

  func insert(_ draft: OutboxDraft, sequence: Int) throws {
    try insert(
      draft.address, content: .message(draft.content), digest: draft.digest, sequence: sequence, state: "pending",
      unasked: draft.address.answers == nil)
  }

  /// - Parameter state: `pending` makes the chat due, `held` does not.
  func insert(
    _ address: ReplyAddress, content: OutboundContent, digest: String, sequence: Int, state: String, unasked: Bool
  ) throws {
    let lane = address.conversation.description
    try run(
      """
      INSERT INTO outbox (
        request_id, lane, channel, conversation, answers, answers_kind, sequence, unasked, content, digest, created_at,
        not_before, state)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        address.requestID.description, lane, address.conversation.channel, try StoredText.encode(address.conversation),
        state == "held" ? nil : address.answers?.messageID, state == "held" ? nil : address.answers?.kind.rawValue, sequence,
        unasked, try StoredText.encode(content), digest, now.milliseconds, now.milliseconds, state,
      ])
    guard state == "pending" else { return }
    // What waits for its turn may be something that this one need not wait for; the claim looks again.
    try run("UPDATE outbox_lane SET due = LEAST(due, ?1) WHERE lane = ?2 AND sending = 0", [now.milliseconds, lane])
  }

  func nextSequence(in lane: String, answering reference: MessageReference?) throws -> Int {
    guard let reference else { return 1 }
    let last = try row(
      "SELECT MAX(sequence) AS last FROM outbox WHERE lane = ? AND answers = ?", [lane, reference.messageID])
    return ((try last?["last"] as Int?) ?? 0) + 1
  }

  // MARK: Said already

  private static func digest(of content: MessageContent) throws -> String {
    SHA256.hash(data: Data(try StoredText.encode(content).utf8)).prefix(8).hexadecimal
  }

  private func wasSaid(_ digest: String, to address: ReplyAddress) throws -> Bool {
    let lane = address.conversation.description
    let found: SQLRow?
    if let answers = address.answers {
      found = try row(
        "SELECT 1 FROM outbox WHERE lane = ? AND answers = ? AND digest LIKE ? AND state <> 'failed' LIMIT 1",
        [lane, answers.messageID, "%\(digest)%"])
    } else {
      found = try row(
        """
        SELECT 1 FROM (
          SELECT unasked, digest, created_at, state FROM outbox INDEXED BY outbox_conversation
          WHERE lane = ? ORDER BY id DESC LIMIT 20) AS recent
        WHERE unasked = 1 AND created_at > ? AND digest LIKE ? AND state <> 'failed' LIMIT 1
        """, [lane, now.advanced(by: .seconds(-60)).milliseconds, "%\(digest)%"])
    }
    return found != nil
  }

  // MARK: Reading

  /// Whether this attempt of this run still counts. It does not when this run was silent for too long, and others settled it.
  package func isSending(_ message: OutboundMessage, attempt: Int) throws -> Bool {
    try row(
      "SELECT 1 AS found FROM outbox WHERE id = ? AND state = 'sending' AND sender = ? AND attempts = ?",
      [message.id, boot, attempt]) != nil
  }

  /// What a dead run of the service was sending.
  package func messagesInDoubt() throws -> [OutboundMessage] {
    try rows(
      """
      SELECT * FROM outbox INDEXED BY outbox_sending
      WHERE state = 'sending' AND (sender IS NULL OR sender <> ? AND sender NOT IN (SELECT boot FROM instance)) ORDER BY id
      """, [boot]
    ).map { try Self.message(from: $0) }
  }

  /// Messages handed over in one conversation after the row `id`, oldest first.
  package func sentMessages(in conversation: Conversation, after id: Int64, limit: Int) throws -> [OutboundMessage] {
    try rows(
      "SELECT * FROM outbox WHERE lane = ? AND id > ? AND state = 'sent' ORDER BY id LIMIT ?",
      [conversation.description, id, limit]
    ).map { try Self.message(from: $0) }
  }

  /// The newest row of a conversation's outbox; 0 when there is none.
  package func lastMessageID(in conversation: Conversation) throws -> Int64 {
    let last = try row("SELECT MAX(id) AS id FROM outbox WHERE lane = ?", [conversation.description])
    return (try last?["id"] as Int64?) ?? 0
  }

  /// Claims the platform's id of a message of ours for taking it back: the one named, else the newest; nil when there is none
  /// that was not taken back before.
  package func takeBack(_ messageID: String?, in conversation: Conversation) throws -> String? {
    let found = try row(
      """
      SELECT id, platform_id FROM outbox INDEXED BY outbox_conversation
      WHERE lane = ?1 AND state = 'sent' AND platform_id IS NOT NULL AND error IS NULL AND (?2 IS NULL OR platform_id = ?2)
      ORDER BY id DESC LIMIT 1
      """, [conversation.description, messageID])
    guard let found else { return nil }
    try run("UPDATE outbox SET error = 'taken_back' WHERE id = ?", [try found["id"] as Int64])
    return try found["platform_id"]
  }

  static func message(from row: SQLRow) throws -> OutboundMessage {
    let address = try address(from: row)
    return OutboundMessage(
      id: try row["id"], requestID: address.requestID, conversation: address.conversation,
      content: try StoredText.decode(try row["content"]), answers: address.answers, sequence: try row["sequence"])
  }

  static func draft(from row: SQLRow) throws -> OutboxDraft {
    let content: OutboundContent = try StoredText.decode(try row["content"])
    guard case .message(let message) = content else {
      throw StoreError(.damaged, "outbox row \(try row["id"] as Int64) holds no message")
    }
    return OutboxDraft(address: try address(from: row), content: message, digest: try row["digest"])
  }

  private static func address(from row: SQLRow) throws -> ReplyAddress {
    guard let requestID = RequestID(try row["request_id"] as String) else {
      throw StoreError(.damaged, "outbox row \(try row["id"] as Int64) has no request id")
    }
    let kind = (try row["answers_kind"] as String?).flatMap(MessageReference.Kind.init) ?? .message
    return ReplyAddress(
      conversation: try StoredText.decode(try row["conversation"]), requestID: requestID,
      answers: (try row["answers"] as String?).map { MessageReference(messageID: $0, kind: kind) })
  }
}

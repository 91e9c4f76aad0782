package import Core
import Foundation
import GRDB

extension Transaction {
  /// Fixes a message in the outbox; its sequence number is chosen here, once.
  package func enqueue(_ text: String, to address: ReplyAddress) throws {
    // SQLite would end the text at a NUL.
    let text = text.replacing("\0", with: "\u{fffd}")
    let lane = address.conversation.description
    let last = try row(
      "SELECT MAX(sequence) AS last FROM outbox WHERE lane = ? AND answers IS ?", [lane, address.answers?.messageID])
    let sequence = ((last?["last"] as Int?) ?? 0) + 1
    try run(
      """
      INSERT INTO outbox (request_id, lane, channel, conversation, answers, sequence, text, created_at, not_before, state)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')
      """,
      [
        address.requestID.description, lane, address.conversation.channel, try StoredText.encode(address.conversation),
        address.answers?.messageID, sequence, text, now.milliseconds, now.milliseconds,
      ])
    try run(
      """
      INSERT INTO outbox_lane (lane, due) VALUES (?, ?)
      ON CONFLICT (lane) DO UPDATE SET due = excluded.due WHERE due IS NULL AND NOT sending
      """, [lane, now.milliseconds])
  }

  /// Claims the oldest message of each of up to `limit` conversations in which one is due and none is on its way.
  ///
  /// The claim is committed before the first byte is sent: after a crash we know which sends are in doubt.
  package func claimMessages(limit: Int) throws -> [(message: OutboundMessage, attempt: Int)] {
    let lanes = try rows("SELECT lane FROM outbox_lane WHERE due <= ? ORDER BY due, lane LIMIT ?", [now.milliseconds, limit])
    return try lanes.compactMap { row in
      let lane: String = row["lane"]
      // Told which index: the planner prefers the one that walks through everything the lane ever said.
      let head = try self.row(
        "SELECT * FROM outbox INDEXED BY outbox_pending WHERE lane = ? AND state = 'pending' ORDER BY id LIMIT 1", [lane])
      try run("UPDATE outbox_lane SET due = NULL, sending = ? WHERE lane = ?", [head != nil, lane])
      guard let head else { return nil }
      let message = try Self.message(from: head)
      try run("UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?", [message.id])
      return (message, (head["attempts"] as Int) + 1)
    }
  }

  /// When the next message becomes due, if any waits that none on its way holds up.
  package func nextMessageDue() throws -> Timestamp? {
    let due = try row("SELECT due FROM outbox_lane WHERE due IS NOT NULL ORDER BY due LIMIT 1", [])
    return due.map { Timestamp(milliseconds: $0["due"]) }
  }

  /// Makes every waiting message due: times of an earlier run mean nothing when the clock was set back in between.
  package func hurryMessages() throws {
    try run("UPDATE outbox_lane SET due = ?1 WHERE due > ?1", [now.milliseconds])
  }

  /// The message of this conversation is no longer on its way.
  private func free(_ conversation: Conversation) throws {
    try run(
      """
      UPDATE outbox_lane SET sending = 0,
        due = (
          SELECT not_before FROM outbox INDEXED BY outbox_pending WHERE lane = ?1 AND state = 'pending' ORDER BY id LIMIT 1)
      WHERE lane = ?1
      """, [conversation.description])
  }

  package func markSent(_ message: OutboundMessage, platformID: String?) throws {
    try run("UPDATE outbox SET state = 'sent', platform_id = ?, error = NULL WHERE id = ?", [platformID, message.id])
    try free(message.conversation)
  }

  /// Puts the message back, due at `time`.
  package func postpone(_ message: OutboundMessage, until time: Timestamp, error: String) throws {
    try run(
      "UPDATE outbox SET state = 'pending', not_before = ?, error = ? WHERE id = ?", [time.milliseconds, error, message.id])
    try free(message.conversation)
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

  /// What an earlier run was sending when it died.
  package func messagesInDoubt() throws -> [OutboundMessage] {
    try rows("SELECT * FROM outbox WHERE state = 'sending' ORDER BY id", []).map { try Self.message(from: $0) }
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
    return (last?["id"] as Int64?) ?? 0
  }

  private static func message(from row: Row) throws -> OutboundMessage {
    guard let requestID = RequestID(row["request_id"] as String) else {
      throw StoreError(.damaged, "outbox row \(row["id"] as Int64) has no request id")
    }
    return OutboundMessage(
      id: row["id"], requestID: requestID, conversation: try StoredText.decode(row["conversation"]),
      content: .text(row["text"]),
      answers: (row["answers"] as String?).map { MessageReference(messageID: $0) }, sequence: row["sequence"])
  }
}

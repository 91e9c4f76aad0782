package import Core
import Foundation
import GRDB

/// Where a message for people goes.
package struct ReplyAddress: Hashable, Codable, Sendable {
  package let conversation: Conversation
  /// The request that the message stems from.
  package let requestID: RequestID
  /// The message it answers; nil for a message of our own accord.
  package let answers: MessageReference?

  package init(conversation: Conversation, requestID: RequestID, answers: MessageReference?) {
    self.conversation = conversation
    self.requestID = requestID
    self.answers = answers
  }
}

extension Transaction {
  /// Fixes a message in the outbox; its sequence number is chosen here, once.
  package func enqueue(_ text: String, to address: ReplyAddress) throws {
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
  }

  /// Claims the oldest due message of each of up to `limit` conversations, leaving out those in `busy`.
  ///
  /// The claim is committed before the first byte is sent: after a crash we know which sends are in doubt.
  package func claimMessages(limit: Int, busy: Set<String>) throws -> [(message: OutboundMessage, attempt: Int)] {
    let due = try rows(
      """
      SELECT * FROM outbox AS head WHERE state = 'pending' AND not_before <= ?
        AND NOT EXISTS (
          SELECT 1 FROM outbox AS earlier WHERE earlier.lane = head.lane AND earlier.state = 'pending' AND earlier.id < head.id)
      ORDER BY id LIMIT ?
      """,
      [now.milliseconds, limit + busy.count])
    var claimed: [(message: OutboundMessage, attempt: Int)] = []
    for row in due where claimed.count < limit && !busy.contains(row["lane"]) {
      let message = try Self.message(from: row)
      try run("UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ?", [message.id])
      claimed.append((message, (row["attempts"] as Int) + 1))
    }
    return claimed
  }

  /// When the next message becomes due, if any waits.
  package func nextMessageDue() throws -> Timestamp? {
    let due = try row("SELECT MIN(not_before) AS due FROM outbox WHERE state = 'pending'", [])
    return (due?["due"] as Int64?).map { Timestamp(milliseconds: $0) }
  }

  package func markSent(_ message: OutboundMessage, platformID: String?) throws {
    try run("UPDATE outbox SET state = 'sent', platform_id = ?, error = NULL WHERE id = ?", [platformID, message.id])
  }

  /// Puts the message back, due at `time`.
  package func postpone(_ message: OutboundMessage, until time: Timestamp, error: String) throws {
    try run(
      "UPDATE outbox SET state = 'pending', not_before = ?, error = ? WHERE id = ?", [time.milliseconds, error, message.id])
  }

  /// The platform will not take it.
  package func markFailed(_ message: OutboundMessage, error: String) throws {
    try run("UPDATE outbox SET state = 'failed', error = ? WHERE id = ?", [error, message.id])
  }

  /// It may or may not have arrived, and sending it again could show it twice.
  package func markUnknown(_ message: OutboundMessage, error: String) throws {
    try run("UPDATE outbox SET state = 'unknown', error = ? WHERE id = ?", [error, message.id])
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
      id: row["id"], requestID: requestID, conversation: try StoredText.decode(row["conversation"]), text: row["text"],
      answers: (row["answers"] as String?).map { MessageReference(messageID: $0) }, sequence: row["sequence"])
  }
}

package import Core
import Foundation

/// An event that a worker holds: nobody else works on its conversation until it is completed or retried.
package struct ClaimedEvent: Sendable {
  package let sequence: Int64
  package let event: ChatEvent
  /// How often it was claimed, this time included.
  package let attempt: Int
  /// Of its lane: raised with each claim, so that whoever lost a claim is told apart from whoever holds it now.
  let epoch: Int64
}

extension Transaction {
  /// Inserts the event with its keys and wakes its lane; or reports under which request id it was known.
  ///
  /// - Parameter body: the event, encoded before the transaction began: every other writer waits for what happens inside.
  func insert(_ event: ChatEvent, body: String) throws -> Acceptance {
    let channel = event.conversation.channel
    for key in event.dedupeKeys {
      if let known = try row("SELECT request_id FROM event_key WHERE channel = ? AND key = ?", [channel, key]) {
        guard let id = RequestID(try known["request_id"] as String) else { continue }
        return .duplicate(of: id)
      }
    }
    for key in event.dedupeKeys {
      try run(
        "INSERT INTO event_key (channel, key, request_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [channel, key, event.requestID.description, now.milliseconds])
    }
    let conversation = event.conversation.description
    try run(
      """
      INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, state)
      VALUES (?, ?, ?, ?, ?, ?, 'pending')
      """,
      [
        event.requestID.description, conversation, channel, event.messageID, body, event.receivedAt.milliseconds,
      ])
    // An owned lane is set ready by the worker that holds it; both run on the one writer, so neither can miss the other.
    try run(
      """
      INSERT INTO lane (conversation, ready_at) VALUES (?, ?)
      ON CONFLICT (conversation) DO UPDATE SET ready_at = excluded.ready_at WHERE lane.owner IS NULL AND lane.ready_at IS NULL
      """,
      [conversation, now.milliseconds])
    try noteInbound(event)
    return .accepted
  }

  /// Claims the oldest event of the conversation that has waited longest; nil when nothing is due.
  package func claimEvent() throws -> ClaimedEvent? {
    while true {
      guard
        let lane = try row(
          "SELECT conversation FROM lane WHERE ready_at <= ? ORDER BY ready_at, conversation LIMIT 1", [now.milliseconds])
      else { return nil }
      let conversation: String = try lane["conversation"]
      guard
        let head = try row(
          "SELECT seq, body, attempts FROM event WHERE conversation = ? AND state = 'pending' ORDER BY seq LIMIT 1",
          [conversation])
      else {
        try run("UPDATE lane SET ready_at = NULL, owner = NULL WHERE conversation = ?", [conversation])
        continue
      }
      let sequence: Int64 = try head["seq"]
      // A row that cannot be read must not hold up every conversation.
      guard let event: ChatEvent = try? StoredText.decode(try head["body"]) else {
        try run("UPDATE event SET state = 'dead', error = 'unreadable' WHERE seq = ?", [sequence])
        continue
      }
      let taken = try row(
        "UPDATE lane SET ready_at = NULL, owner = ?, epoch = epoch + 1 WHERE conversation = ? RETURNING epoch",
        [boot, conversation])
      try run("UPDATE event SET attempts = attempts + 1 WHERE seq = ?", [sequence])
      return ClaimedEvent(
        sequence: sequence, event: event, attempt: (try head["attempts"] as Int) + 1, epoch: try taken?["epoch"] ?? 0)
    }
  }

  /// When the next lane becomes due, if any waits for a later time.
  package func nextLaneDue() throws -> Timestamp? {
    let due = try row("SELECT ready_at FROM lane WHERE ready_at IS NOT NULL ORDER BY ready_at LIMIT 1", [])
    return try due.map { Timestamp(milliseconds: try $0["ready_at"]) }
  }

  /// Marks the event done, together with whatever else this transaction holds, and frees its conversation.
  package func complete(_ claimed: ClaimedEvent) throws {
    try finish(claimed, state: "done", error: nil)
  }

  /// Puts an event aside that failed too often; it stays in the table as `dead`.
  package func bury(_ claimed: ClaimedEvent, error: String) throws {
    try finish(claimed, state: "dead", error: error)
  }

  /// Gives the event back: its conversation is next due at `time`.
  package func retry(_ claimed: ClaimedEvent, at time: Timestamp, error: String) throws {
    try verify(claimed)
    try run("UPDATE event SET error = ? WHERE seq = ?", [error, claimed.sequence])
    try run(
      "UPDATE lane SET ready_at = ?, owner = NULL WHERE conversation = ?",
      [time.milliseconds, claimed.event.conversation.description])
  }

  private func finish(_ claimed: ClaimedEvent, state: String, error: String?) throws {
    try verify(claimed)
    let conversation = claimed.event.conversation.description
    try run("UPDATE event SET state = ?, error = ? WHERE seq = ?", [state, error, claimed.sequence])
    try run(
      """
      UPDATE lane SET owner = NULL,
        ready_at = CASE WHEN EXISTS (SELECT 1 FROM event WHERE conversation = ?1 AND state = 'pending') THEN ?2 END
      WHERE conversation = ?1
      """,
      [conversation, now.milliseconds])
  }

  /// Whoever lost the claim, because it had been silent for too long, must change nothing: the event is somebody else's.
  private func verify(_ claimed: ClaimedEvent) throws {
    let lane = try row("SELECT owner, epoch FROM lane WHERE conversation = ?", [claimed.event.conversation.description])
    guard let lane, (try lane["owner"] as String?) == boot, try lane["epoch"] == claimed.epoch else {
      throw StoreError(.claimLost, "another instance has taken over this conversation")
    }
  }

  /// Frees the lanes that a dead run of the service held.
  package func freeLanesOfTheDead() throws {
    try run(
      """
      UPDATE lane SET owner = NULL, ready_at = ?
      WHERE owner IS NOT NULL AND owner <> ? AND owner NOT IN (SELECT boot FROM instance)
      """, [now.milliseconds, boot])
  }

  /// Makes every waiting lane due: times of an earlier run mean nothing when the clock was set back in between.
  package func hurryLanes() throws {
    try run("UPDATE lane SET ready_at = ?1 WHERE ready_at > ?1", [now.milliseconds])
  }

  /// Whether everything that follows at once from this message is done and sent: the event itself, its replies, and
  /// the run of a write call that it approved.
  package func isSettled(messageID: String, in conversation: Conversation) throws -> Bool {
    let open = try row(
      """
      SELECT EXISTS (
          SELECT 1 FROM event INDEXED BY event_pending WHERE conversation = ?3 AND message_id = ?2 AND state = 'pending')
        OR EXISTS (SELECT 1 FROM write_call WHERE reply_message = ?2 AND state IN ('approved', 'claimed'))
        OR EXISTS (
          SELECT 1 FROM outbox INDEXED BY outbox_open
          WHERE channel = ?1 AND answers = ?2 AND state IN ('pending', 'sending')) AS open
      """,
      [conversation.channel, messageID, conversation.description])
    return try open.map { (try $0["open"] as Int) == 0 } ?? true
  }
}

/// How values are kept in text columns.
enum StoredText {
  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<Value: Decodable>(_ text: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }
}

package import Core

/// What is remembered of one person's talk with the robot in one chat: enough to see that it goes round in circles.
package struct Talker: Sendable, Equatable {
  /// A digest of the text that was answered last.
  package var said: String
  package var answeredAt: Timestamp
  /// Whether it was said that the same came again.
  package var wasRefused = false
  /// A digest of the hint that was the answer, how often in a row it was, and when it first was.
  package var hint: String?
  package var hints = 0
  package var hintedAt: Timestamp?

  package init(said: String, answeredAt: Timestamp) {
    self.said = said
    self.answeredAt = answeredAt
  }
}

extension Transaction {
  /// What is remembered of that sender in that conversation, if anything is.
  package func talker(_ sender: String, in conversation: Conversation) throws -> Talker? {
    let row = try row(
      "SELECT said, answered_at, refused, hint, hints, hinted_at FROM talker WHERE lane = ? AND sender = ?",
      [conversation.description, sender])
    guard let row else { return nil }
    var talker = Talker(said: try row["said"], answeredAt: Timestamp(milliseconds: try row["answered_at"]))
    talker.wasRefused = try row["refused"]
    talker.hint = try row["hint"]
    talker.hints = try row["hints"]
    talker.hintedAt = (try row["hinted_at"] as Int64?).map { Timestamp(milliseconds: $0) }
    return talker
  }

  package func remember(_ talker: Talker, of sender: String, in conversation: Conversation) throws {
    try run(
      """
      INSERT INTO talker (lane, sender, said, answered_at, refused, hint, hints, hinted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (lane, sender) DO UPDATE SET said = excluded.said, answered_at = excluded.answered_at,
        refused = excluded.refused, hint = excluded.hint, hints = excluded.hints, hinted_at = excluded.hinted_at
      """,
      [
        conversation.description, sender, talker.said, talker.answeredAt.milliseconds, talker.wasRefused, talker.hint,
        talker.hints,
        talker.hintedAt?.milliseconds,
      ])
  }

  /// Forgets up to `limit` of those who were answered last before `time`. Returns how many.
  package func forgetTalkers(before time: Timestamp, limit: Int) throws -> Int {
    try run(
      """
      DELETE FROM talker WHERE (lane, sender) IN (
        SELECT lane, sender FROM talker INDEXED BY talker_answered WHERE answered_at < ? ORDER BY answered_at LIMIT ?)
      """, [time.milliseconds, limit])
  }

  /// Answers in a row to bots in this conversation, without a person's message in between.
  package func botAnswers(in conversation: Conversation) throws -> Int {
    try row("SELECT bot_answers FROM lane WHERE conversation = ?", [conversation.description])?["bot_answers"] ?? 0
  }

  package func setBotAnswers(_ count: Int, in conversation: Conversation) throws {
    try run(
      "UPDATE lane SET bot_answers = ?1 WHERE conversation = ?2 AND bot_answers <> ?1", [count, conversation.description])
  }
}

package import Core

/// An event that was put aside because it failed too often or cannot be read, without what it says.
package struct DeadLetter: Sendable, Equatable {
  package let sequence: Int64
  package let requestID: String
  package let channel: String
  /// Of the lane: `main/102000000/group:7D1C`.
  package let conversation: String
  package let receivedAt: Timestamp
  package let buriedAt: Timestamp
  package let attempts: Int
  package let error: String
}

extension Transaction {
  /// Events that are put aside, in the order in which they were.
  package func deadLetters(limit: Int) throws -> [DeadLetter] {
    try rows("\(Self.letters) ORDER BY buried_at, seq LIMIT ?", [limit]).map { try Self.letter(from: $0) }
  }

  package func deadLetterCount() throws -> Int {
    try row("SELECT COUNT(*) AS dead FROM event INDEXED BY event_dead WHERE state = 'dead'", [])?["dead"] ?? 0
  }

  /// One of them with what it says, as it is stored; nil when no such event is put aside.
  package func deadLetter(_ sequence: Int64) throws -> (letter: DeadLetter, body: String)? {
    let row = try row(
      """
      SELECT seq, request_id, channel, conversation, received_at, buried_at, attempts, error, body FROM event
      WHERE seq = ? AND state = 'dead'
      """, [sequence])
    return try row.map { (try Self.letter(from: $0), try $0["body"]) }
  }

  /// Whether other events than this one were put aside after `time`.
  package func wasAnotherBuried(than sequence: Int64, since time: Timestamp) throws -> Bool {
    try row(
      "SELECT 1 AS found FROM event INDEXED BY event_dead WHERE state = 'dead' AND buried_at > ? AND seq <> ? LIMIT 1",
      [time.milliseconds, sequence]) != nil
  }

  /// Puts one back into the queue, at its old place, as if it had never been tried; nil when no such event is put aside.
  package func revive(_ sequence: Int64) throws -> DeadLetter? {
    guard let letter = try deadLetter(sequence)?.letter else { return nil }
    let revived = try row(
      """
      UPDATE event SET state = 'pending', attempts = 0, due_at = ?, buried_at = NULL, error = NULL WHERE seq = ? RETURNING urgent
      """, [now.milliseconds, sequence])
    try wake(letter.conversation, for: try revived?["urgent"] ?? false ? .urgent : .ordinary)
    return letter
  }

  /// Deletes one; its keys stay, so that a redelivery is recognised. Nil when no such event is put aside.
  package func drop(_ sequence: Int64) throws -> DeadLetter? {
    guard let letter = try deadLetter(sequence)?.letter else { return nil }
    try run("DELETE FROM event WHERE seq = ?", [sequence])
    return letter
  }

  private static let letters = """
    SELECT seq, request_id, channel, conversation, received_at, buried_at, attempts, error
    FROM event INDEXED BY event_dead WHERE state = 'dead'
    """

  private static func letter(from row: SQLRow) throws -> DeadLetter {
    DeadLetter(
      sequence: try row["seq"], requestID: try row["request_id"], channel: try row["channel"],
      conversation: try row["conversation"], receivedAt: Timestamp(milliseconds: try row["received_at"]),
      buriedAt: Timestamp(milliseconds: try row["buried_at"] ?? 0), attempts: try row["attempts"],
      error: try row["error"] ?? "")
  }
}

package import Core

extension Transaction {
  /// Where a look for what one person left behind goes on; each part has its own.
  package struct ErasureMark: Sendable {
    package var events: Int64 = 0
    package var heads: Int64 = 0

    package init() {}
  }

  /// Empties what this sender wrote among up to `limit` events after `mark`, with what was answered, and raw copies of it. What
  /// still waits is left to be done first.
  ///
  /// - Returns: how many events were emptied, and whether there are more to look at.
  package func eraseTexts(of sender: String, after mark: inout ErasureMark, limit: Int) throws -> (erased: Int, more: Bool) {
    let rows = try rows(
      "SELECT seq, request_id, body, state FROM event WHERE seq > ? ORDER BY seq LIMIT ?", [mark.events, limit])
    var erased = 0
    for row in rows {
      mark.events = try row["seq"]
      let body: String = try row["body"]
      guard try row["state"] != "pending", !body.isEmpty, let event: ChatEvent = try? StoredText.decode(body),
        event.sender.id == sender
      else { continue }
      let request: String = try row["request_id"]
      try run("UPDATE event SET body = '' WHERE seq = ?", [mark.events])
      try run(
        """
        UPDATE outbox SET content = ''
        WHERE lane = ? AND request_id = ? AND state NOT IN ('pending', 'sending', 'held', 'reviewing')
        """, [event.conversation.description, request])
      try run("DELETE FROM raw_event WHERE request_id = ?", [request])
      erased += 1
    }
    return (erased, rows.count == limit)
  }

  /// Empties the closed write calls that this sender asked for, and forgets where and how the sender talked with the robot.
  ///
  /// - Returns: the numbers of all write calls that the sender asked for.
  package func eraseCalls(of sender: String) throws -> [Int64] {
    try run(
      """
      UPDATE write_call SET arguments = '{}', requester_name = ''
      WHERE requester = ? AND state NOT IN ('pending', 'approved', 'claimed', 'unknown')
      """, [sender])
    try run("DELETE FROM talker WHERE sender = ?", [sender])
    try run("DELETE FROM admin_chat WHERE person = ?", [sender])
    try run("DELETE FROM enrolment_miss WHERE sender = ?", [sender])
    return try rows("SELECT id FROM write_call WHERE requester = ?", [sender]).map { try $0["id"] }
  }

  /// Deletes the bodies of those among up to `limit` audit records after `mark` whose heads `concerns` picks.
  ///
  /// - Returns: how many went, and whether there are more to look at.
  package func eraseAuditBodies(
    after mark: inout ErasureMark, limit: Int, where concerns: (JSON) -> Bool
  ) throws -> (erased: Int, more: Bool) {
    let rows = try rows(
      """
      SELECT audit_head.seq AS seq, head FROM audit_head JOIN audit_body ON audit_body.seq = audit_head.seq
      WHERE audit_head.seq > ? ORDER BY audit_head.seq LIMIT ?
      """, [mark.heads, limit])
    var erased = 0
    for row in rows {
      mark.heads = try row["seq"]
      guard concerns(try JSON(parsing: row["head"] as String)) else { continue }
      erased += try run("DELETE FROM audit_body WHERE seq = ?", [mark.heads])
    }
    return (erased, rows.count == limit)
  }
}

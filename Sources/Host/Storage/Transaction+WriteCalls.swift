import Core

extension Transaction {
  /// Inserts a new write call and returns it with its key. Two open calls with the same digest cannot exist: look first with `openCall`.
  package func insert(_ call: WriteCall) throws -> WriteCall {
    let row = try row(
      """
      INSERT INTO write_call (code, digest, state, tool, skill, build, arguments, request_id, requester, requester_name, conversation,
        gates, created_at, expires_at, run_within, run_deadline, reply_request_id, reply_message, reply_kind)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
      """,
      [
        call.code, call.digest, call.state.rawValue, call.tool, call.skill, call.build, call.arguments.canonical,
        call.requestID.description, call.requester, call.requesterName, try StoredText.encode(call.conversation),
        try StoredText.encode(call.gates), call.createdAt.milliseconds, call.expiresAt.milliseconds, call.runWithin,
        call.runDeadline?.milliseconds, call.reply.requestID.description, call.reply.answers?.messageID,
        call.reply.answers?.kind.rawValue,
      ])
    var inserted = call
    inserted.id = try row?["id"] ?? 0
    return inserted
  }

  /// Writes back what may change: state, run deadline, reply address, boot and outcome.
  package func update(_ call: WriteCall) throws {
    try run(
      """
      UPDATE write_call SET state = ?, run_deadline = ?, reply_request_id = ?, reply_message = ?, reply_kind = ?, boot = ?, outcome = ? WHERE id = ?
      """,
      [
        call.state.rawValue, call.runDeadline?.milliseconds, call.reply.requestID.description, call.reply.answers?.messageID,
        call.reply.answers?.kind.rawValue,
        call.boot, call.outcome, call.id,
      ])
  }

  package func writeCall(code: String) throws -> WriteCall? {
    try row("SELECT * FROM write_call WHERE code = ?", [code]).map { try WriteCall(row: $0) }
  }

  /// The open call with the same digest, if any.
  package func openCall(digest: String) throws -> WriteCall? {
    try row("SELECT * FROM write_call WHERE digest = ? AND state IN ('pending', 'approved')", [digest])
      .map { try WriteCall(row: $0) }
  }

  /// Whether a call waits for its run, or one that waits for admins is past its deadline.
  package func hasDueWriteCalls() throws -> Bool {
    let found = try row(
      """
      SELECT EXISTS (
          SELECT 1 FROM write_call INDEXED BY write_call_live
          WHERE state IN ('pending', 'approved', 'claimed', 'unknown') AND state = 'approved')
        OR EXISTS (
          SELECT 1 FROM write_call INDEXED BY write_call_live
          WHERE state IN ('pending', 'approved', 'claimed', 'unknown') AND state = 'pending' AND expires_at <= ?) AS found
      """, [now.milliseconds])
    return try found.map { (try $0["found"] as Int) == 1 } ?? false
  }

  /// All calls in a state that can still change, oldest first.
  package func writeCalls(in state: WriteCall.State) throws -> [WriteCall] {
    try rows(
      """
      SELECT * FROM write_call
      WHERE state IN ('pending', 'approved', 'claimed', 'unknown') AND state = ? ORDER BY id
      """, [state.rawValue]
    ).map { try WriteCall(row: $0) }
  }

  /// Calls that a dead run of the service had claimed, oldest first.
  package func writeCallsOfTheDead() throws -> [WriteCall] {
    try rows(
      """
      SELECT * FROM write_call
      WHERE state IN ('pending', 'approved', 'claimed', 'unknown') AND state = 'claimed' AND boot <> ?
        AND boot NOT IN (SELECT boot FROM instance)
      ORDER BY id
      """, [boot]
    ).map { try WriteCall(row: $0) }
  }

  /// Records a vote; false when this person has voted on this call before.
  package func insert(_ vote: Vote, on call: WriteCall) throws -> Bool {
    try run(
      "INSERT INTO vote (call, person, sender, verb, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      [call.id, vote.person, vote.sender, vote.verb.rawValue, now.milliseconds]) == 1
  }

  package func votes(on call: WriteCall) throws -> [Vote] {
    try rows("SELECT person, sender, verb FROM vote WHERE call = ? ORDER BY at, person", [call.id]).compactMap { row in
      try Vote.Verb(rawValue: try row["verb"]).map { Vote(person: try row["person"], sender: try row["sender"], verb: $0) }
    }
  }
}

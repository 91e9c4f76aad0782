import Core

extension Transaction {
  /// Inserts a new write call and returns it with its key. Two open calls with the same digest cannot exist: look first with `openCall`.
  package func insert(_ call: WriteCall) throws -> WriteCall {
    let row = try row(
      """
      INSERT INTO write_call (code, digest, state, tool, skill, build, arguments, request_id, requester, requester_name, conversation,
        gates, terms, created_at, expires_at, run_within, run_deadline, reply_request_id, reply_message, reply_kind, forwarded,
        requester_role)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id
      """,
      [
        call.code, call.digest, call.state.rawValue, call.tool, call.skill, call.build, call.arguments.canonical,
        call.requestID.description, call.requester, call.requesterName, try StoredText.encode(call.conversation),
        try StoredText.encode(call.gates), call.terms, call.createdAt.milliseconds, call.expiresAt.milliseconds, call.runWithin,
        call.runDeadline?.milliseconds, call.reply.requestID.description, call.reply.answers?.messageID,
        call.reply.answers?.kind.rawValue, try StoredText.encode(call.forwarded), call.requesterRole?.rawValue,
      ])
    var inserted = call
    inserted.id = try row?["id"] ?? 0
    return inserted
  }

  /// Writes back what may change: state, run deadline, reply address, boot, outcome, where its card is, and when it was decided.
  package func update(_ call: WriteCall) throws {
    try run(
      """
      UPDATE write_call SET state = ?, run_deadline = ?, reply_request_id = ?, reply_message = ?, reply_kind = ?, boot = ?,
        outcome = ?, forwarded = ?, decided_at = ?
      WHERE id = ?
      """,
      [
        call.state.rawValue, call.runDeadline?.milliseconds, call.reply.requestID.description, call.reply.answers?.messageID,
        call.reply.answers?.kind.rawValue, call.boot, call.outcome, try StoredText.encode(call.forwarded),
        call.decidedAt?.milliseconds, call.id,
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

  // MARK: Votes

  /// Records a vote; false when a vote of this person counts on this call already. One that was voided gives way to the new one.
  package func insert(_ vote: Vote, on call: WriteCall) throws -> Bool {
    try run(
      """
      INSERT INTO vote (call, person, sender, verb, at, conversation) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (call, person) DO UPDATE SET sender = excluded.sender, verb = excluded.verb, at = excluded.at,
        conversation = excluded.conversation, voided = NULL
        WHERE vote.voided IS NOT NULL
      """,
      [
        call.id, vote.person, vote.sender, vote.verb.rawValue, now.milliseconds, try vote.conversation.map(StoredText.encode),
      ]) == 1
  }

  /// From now on this vote counts for nothing.
  package func void(_ vote: Vote, on call: WriteCall, because reason: String) throws {
    try run(
      "UPDATE vote SET voided = ? WHERE call = ? AND person = ? AND voided IS NULL", [reason, call.id, vote.person])
  }

  /// Every vote on a call, the voided ones too, oldest first.
  package func votes(on call: WriteCall) throws -> [Vote] {
    try rows(
      "SELECT person, sender, verb, conversation, voided FROM vote WHERE call = ? ORDER BY at, person", [call.id]
    ).compactMap { row in
      let conversation: Conversation? = try (row["conversation"] as String?).map { try StoredText.decode($0) }
      let voided: String? = try row["voided"]
      return try Vote.Verb(rawValue: try row["verb"]).map {
        Vote(person: try row["person"], sender: try row["sender"], verb: $0, conversation: conversation, voided: voided)
      }
    }
  }
}

import Core

/// How long what was said is kept, and how long it is known that it was.
package struct Retention: Sendable, Equatable {
  /// Texts of messages, arguments of calls, bodies of audit records.
  package var bodies = Duration.seconds(30 * 86_400)
  /// Ids, states and times. Never shorter than a platform may redeliver an event.
  package var ids = Duration.seconds(180 * 86_400)

  package init() {}

  package init(bodies: Duration, ids: Duration) {
    self.bodies = bodies
    self.ids = ids
  }
}

extension Transaction {
  /// Rows that one step looks at in each table: every other writer waits for it.
  private static let step = 200

  /// One step of forgetting: the oldest first. What is still open is left as it is.
  ///
  /// - Returns: whether there may be more to forget.
  package func forget(by retention: Retention) throws -> Bool {
    let bodies = now.advanced(by: .zero - retention.bodies).milliseconds
    let ids = now.advanced(by: .zero - max(retention.ids, retention.bodies)).milliseconds
    var isUnfinished = false
    for table in Self.forgettable {
      let emptied = try advance(table, to: bodies, mark: "emptied", doing: table.emptying)
      let deleted = try advance(table, to: ids, mark: "deleted", doing: table.deleting)
      isUnfinished = isUnfinished || emptied == Self.step || deleted == Self.step
    }
    let keys = try run(
      """
      DELETE FROM event_key WHERE (channel, key) IN (
        SELECT channel, key FROM event_key INDEXED BY event_key_at WHERE at < ? ORDER BY at LIMIT ?)
      """, [ids, Self.step])
    let audited = try forgetAuditBodies(before: bodies)
    return isUnfinished || keys == Self.step || audited == Self.step
  }

  /// Bodies of audit records go with the texts of messages. Heads stay, and their chain verifies without the bodies.
  ///
  /// - Returns: how many went.
  private func forgetAuditBodies(before limit: Int64) throws -> Int {
    let oldest = try rows(
      """
      SELECT audit_body.seq AS seq, head FROM audit_body JOIN audit_head ON audit_head.seq = audit_body.seq
      ORDER BY audit_body.seq LIMIT ?
      """, [Self.step])
    let old = try oldest.prefix { row in try JSON(parsing: row["head"] as String)["ts"]?.integer ?? .max < limit }
    guard let last = old.last else { return 0 }
    return try run("DELETE FROM audit_body WHERE seq <= ?", [try last["seq"] as Int64])
  }

  private struct Forgettable {
    let name: String
    let id: String
    let at: String
    /// What must not be touched, and what comes after it neither.
    let open: String
    /// Statements over the keys after the first and up to the second argument.
    let emptying: [String]
    let deleting: [String]
  }

  private static let forgettable = [
    Forgettable(
      name: "event", id: "seq", at: "received_at", open: "state = 'pending'",
      emptying: ["UPDATE event SET body = '' WHERE seq > ? AND seq <= ?"],
      deleting: ["DELETE FROM event WHERE seq > ? AND seq <= ?"]),
    Forgettable(
      name: "outbox", id: "id", at: "created_at", open: "state IN ('pending', 'sending', 'held', 'reviewing')",
      emptying: ["UPDATE outbox SET content = '' WHERE id > ? AND id <= ?"],
      deleting: ["DELETE FROM outbox WHERE id > ? AND id <= ?"]),
    Forgettable(
      name: "write_call", id: "id", at: "created_at", open: "state IN ('pending', 'approved', 'claimed', 'unknown')",
      emptying: ["UPDATE write_call SET arguments = '{}' WHERE id > ? AND id <= ?"],
      deleting: [
        "DELETE FROM vote WHERE call > ? AND call <= ?", "DELETE FROM write_call WHERE id > ? AND id <= ?",
      ]),
  ]

  /// Goes on where the last step stopped, up to the first row that is too young or still open; ids and times rise together.
  ///
  /// - Returns: how many rows were looked at.
  private func advance(_ table: Forgettable, to limit: Int64, mark: String, doing statements: [String]) throws -> Int {
    let setting = "retention.\(table.name).\(mark)"
    let start = try self.setting(setting).flatMap { Int64($0) } ?? 0
    let seen = try rows(
      """
      SELECT \(table.id) AS id, \(table.at) AS at, CASE WHEN \(table.open) THEN 1 ELSE 0 END AS is_open
      FROM \(table.name) WHERE \(table.id) > ? ORDER BY \(table.id) LIMIT ?
      """, [start, Self.step])
    let old = try seen.prefix { row in
      let at: Int64 = try row["at"]
      let isOpen: Bool = try row["is_open"]
      return at < limit && !isOpen
    }
    guard let last = old.last else { return 0 }
    let end: Int64 = try last["id"]
    for statement in statements { try run(statement, [start, end]) }
    try set("\(end)", forSetting: setting)
    return old.count
  }
}

/// Copies a whole store from one database into another, whichever they are.
package struct StoreCopy {
  /// What was copied.
  package struct Report: Sendable, Equatable {
    package var tables = 0
    package var rows: Int64 = 0
  }

  struct Table {
    let name: String
    /// The primary key, along which it is read.
    let key: [String]
    /// Whether the database itself counts the key up.
    var isCounted = false
  }

  /// In an order in which every row finds those that it refers to. `instance` and `channel_lease` are left out: they say who lives.
  static let tables = [
    Table(name: "event", key: ["seq"], isCounted: true), Table(name: "event_key", key: ["channel", "key"]),
    Table(name: "lane", key: ["conversation"]), Table(name: "talker", key: ["lane", "sender"]),
    Table(name: "outbox", key: ["id"], isCounted: true),
    Table(name: "outbox_lane", key: ["lane"]), Table(name: "outbox_channel", key: ["channel"]),
    Table(name: "reply_budget", key: ["id"], isCounted: true), Table(name: "write_call", key: ["id"], isCounted: true),
    Table(name: "vote", key: ["call", "person"]), Table(name: "cool_down", key: ["digest"]),
    Table(name: "audit_head", key: ["seq"]),
    Table(name: "audit_body", key: ["seq"]),
    Table(name: "skill_value", key: ["skill", "key"]), Table(name: "setting", key: ["name"]),
    Table(name: "admin_chat", key: ["person"]), Table(name: "rate_cell", key: ["kind", "key"]),
    Table(name: "code_guess", key: ["sender"]),
    Table(name: "raw_event", key: ["id"], isCounted: true),
    Table(name: "policy_snapshot", key: ["id"]), Table(name: "running_read", key: ["key", "request_id"]),
    Table(name: "audit_checkpoint", key: ["size"]), Table(name: "audit_manifest", key: ["last"]),
    Table(name: "enrolled_person", key: ["name"]), Table(name: "enrolled_id", key: ["id"]),
    Table(name: "enrolment_code", key: ["digest"]), Table(name: "enrolment_miss", key: ["sender"]),
  ]

  /// Rows that are read at once.
  private static let batch = 500
  /// Values in one statement, which every database takes.
  private static let mostValues = 2000

  /// Copies every table, in the target's open transaction, and counts again on both sides.
  ///
  /// - Throws: `StoreError.notEmpty` when the target holds anything already; `damaged` when a count differs.
  static func copy(from source: any SQLConnection, to target: any SQLConnection) throws -> Report {
    for table in tables {
      guard try target.rows("SELECT 1 AS found FROM \(table.name) LIMIT 1", []).isEmpty else {
        throw StoreError(
          .notEmpty, "the store to copy to is not empty: \(table.name) holds rows; name another database or schema")
      }
    }
    var report = Report()
    for table in tables {
      let copied = try copy(table, from: source, to: target)
      for connection in [source, target] {
        let count: Int64? = try connection.rows("SELECT COUNT(*) AS count FROM \(table.name)", []).first?["count"]
        guard count == copied else {
          throw StoreError(.damaged, "\(table.name): \(copied) rows were copied, and \(count ?? 0) are there")
        }
      }
      report.tables += 1
      report.rows += copied
    }
    return report
  }

  private static func copy(_ table: Table, from source: any SQLConnection, to target: any SQLConnection) throws -> Int64 {
    let key = table.key.map { "\"\($0)\"" }.joined(separator: ", ")
    let marks = table.key.map { _ in "?" }.joined(separator: ", ")
    var last: [SQLValue] = []
    var copied: Int64 = 0
    while true {
      let rows = try source.rows(
        """
        SELECT * FROM \(table.name) \(last.isEmpty ? "" : "WHERE (\(key)) > (\(marks))") ORDER BY \(key) LIMIT \(batch)
        """, last)
      try insert(rows, into: table, of: target)
      copied += Int64(rows.count)
      guard let end = rows.last, rows.count == batch else { return copied }
      last = try table.key.map { try end.value(of: $0) }
    }
  }

  private static func insert(_ rows: [SQLRow], into table: Table, of target: any SQLConnection) throws {
    guard let columns = rows.first?.columns else { return }
    let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
    let marks = "(\(columns.map { _ in "?" }.joined(separator: ", ")))"
    let step = max(1, mostValues / columns.count)
    for start in stride(from: 0, to: rows.count, by: step) {
      let part = rows[start..<min(start + step, rows.count)]
      _ = try target.run(
        "INSERT INTO \(table.name) (\(names)) VALUES \(part.map { _ in marks }.joined(separator: ", "))", part.flatMap(\.values))
    }
  }
}

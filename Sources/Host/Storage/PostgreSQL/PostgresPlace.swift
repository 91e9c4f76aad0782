import Foundation

/// What belongs to one store on a server that may hold several, in schemas of their own; and to one instance in it.
struct PostgresPlace: Sendable {
  /// The first half of the keys of our advisory locks; the second is the schema's.
  private static let writerLock: Int64 = 0x6f63_6c77
  private static let migrationLock: Int64 = 0x6f63_6c6d

  /// A number that the server derives from the schema's name.
  let schema: Int64
  /// Names this instance to the others.
  let instance = UUID().uuidString.lowercased()

  /// Taken first by every transaction that writes; the end of the transaction frees it.
  var lock: PostgresConnection.Command { Self.lock(Self.writerLock, schema) }

  /// Taken by whoever migrates: two instances may start at once.
  static func migrationLock(schema: Int64) -> PostgresConnection.Command { lock(migrationLock, schema) }

  private static func lock(_ kind: Int64, _ schema: Int64) -> PostgresConnection.Command {
    .statement(
      sql: "SELECT pg_advisory_xact_lock(CAST(? AS integer), CAST(? AS integer))", arguments: [.integer(kind), .integer(schema)])
  }

  /// Where instances tell each other that something was written. Belongs to one database, as the lock does.
  var channel: String { "openclaw_\(schema < 0 ? "m" : "p")\(schema.magnitude)" }

  var notification: PostgresConnection.Command {
    .statement(sql: "SELECT pg_notify(?, ?)", arguments: [.text(channel), .text(instance)])
  }

  /// Says which transaction of this instance was the last to be committed.
  ///
  /// The server's own word on a transaction, `pg_xact_status`, is not enough: after a crash it may give the number of a
  /// transaction that left nothing behind to another one.
  func mark(_ number: Int64) -> PostgresConnection.Command {
    .statement(
      sql: """
        INSERT INTO commit_mark (instance, number) VALUES (?, ?)
        ON CONFLICT (instance) DO UPDATE SET number = excluded.number, at = excluded.at
        """, arguments: [.text(instance), .integer(number)])
  }

  var markQuery: (sql: String, arguments: [SQLValue]) {
    ("SELECT number FROM commit_mark WHERE instance = ?", [.text(instance)])
  }
}

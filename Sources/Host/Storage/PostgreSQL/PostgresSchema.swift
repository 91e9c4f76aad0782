import Core

/// The numbered, forward-only migrations of a PostgreSQL store. Tables and columns are those of SQLite, and `commit_mark`.
enum PostgresSchema {
  /// What is found out when a store is opened.
  struct Opened: Sendable {
    let schema: Int64
    let pendingEvents: Int
  }

  /// The oldest server that is supported, as libpq numbers them.
  private static let oldestServer = 150_000

  /// Connects, checks the server and brings the schema up to date. Blocks.
  static func open(_ address: PostgresAddress) throws(StoreError) -> Opened {
    do {
      let connection = try PostgresConnection(address)
      let schema = try check(connection)
      try migrate(connection, schema: schema)
      let pending = try connection.perform([.plain("SELECT COUNT(*) AS pending FROM event WHERE state = 'pending'")])
      return Opened(schema: schema, pendingEvents: try pending.last?.rows.first?["pending"] ?? 0)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.cannotOpen, "cannot use \(address): \(error)")
    }
  }

  /// - Returns: the number of the schema that the tables are in.
  private static func check(_ connection: PostgresConnection) throws -> Int64 {
    guard connection.serverVersion >= oldestServer else {
      throw StoreError(.cannotOpen, "the PostgreSQL server is too old; 15 or newer is needed")
    }
    let rows = try connection.perform([
      .plain(
        """
        SELECT hashtext(current_schema())::bigint AS schema, current_setting('fsync') AS fsync,
          current_setting('full_page_writes') AS full_page_writes, current_setting('server_encoding') AS encoding
        """)
    ]).last?.rows
    guard let row = rows?.first, let schema: Int64 = try row["schema"] else {
      throw StoreError(.cannotOpen, "no schema on the search path exists; create one, or name another in the address")
    }
    guard try row["encoding"] == "UTF8" else {
      throw StoreError(.cannotOpen, "the database's encoding is not UTF8; create it WITH ENCODING 'UTF8'")
    }
    guard try row["fsync"] == "on", try row["full_page_writes"] == "on" else {
      throw StoreError(
        .cannotOpen,
        "the PostgreSQL server runs with fsync or full_page_writes off and would lose what it has accepted; turn both on")
    }
    return schema
  }

  private static func migrate(_ connection: PostgresConnection, schema: Int64) throws {
    try connection.perform([.plain("BEGIN"), .plain("SET LOCAL statement_timeout = 0"), .plain("SET LOCAL lock_timeout = '60s'")])
    try connection.perform(
      [
        PostgresPlace.migrationLock(schema: schema),
        .plain("CREATE TABLE IF NOT EXISTS migration (number bigint PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())"),
      ], within: .seconds(70))
    let done: Int64? = try connection.perform([.plain("SELECT MAX(number) AS last FROM migration")]).last?.rows.first?["last"]
    guard done ?? 0 <= migrations.count else {
      throw StoreError(
        .newerSchema, "the database was written by a newer version of openclaw; start that version, or restore an older backup")
    }
    for (number, statements) in zip(1..., migrations).dropFirst(Int(done ?? 0)) {
      // As long as it takes: a large table is rewritten once.
      try connection.perform(statements.map { .plain($0) }, within: .seconds(3600))
      try connection.perform([.statement(sql: "INSERT INTO migration (number) VALUES (?)", arguments: [.integer(Int64(number))])])
    }
    try connection.perform([
      .plain("DELETE FROM commit_mark WHERE at < now() - interval '30 days'"), .plain("COMMIT"),
    ])
  }

  private static let migrations = [first, queue, policy, threats, approvals, people, checkpoints]
}

import Core

/// A session that reads. Connects when it must; on its own thread only.
final class PostgresReader: SQLConnection {
  private let address: PostgresAddress
  private let clock: WallClock?
  private var connection: PostgresConnection?

  init(_ address: PostgresAddress, clock: WallClock?) {
    self.address = address
    self.clock = clock
  }

  /// Runs `body` on one snapshot.
  func read<Value>(_ body: (any SQLConnection, Timestamp) throws -> Value) throws -> Value {
    let now = try begin()
    do {
      let value = try body(self, now)
      try ask([.plain("COMMIT")])
      return value
    } catch {
      // What cannot be rolled back is closed.
      if (try? connection?.perform([.plain("ROLLBACK")])) == nil { connection = nil }
      throw error
    }
  }

  func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
    try ask([.statement(sql: sql, arguments: arguments)]).changed
  }

  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
    try ask([.statement(sql: sql, arguments: arguments)]).rows
  }

  private func begin() throws(StoreError) -> Timestamp {
    let commands: [PostgresConnection.Command] = [
      .plain("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
      .plain("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now"),
    ]
    let isOld = connection != nil
    let outcome: PostgresConnection.Outcome
    do {
      try connect()
      outcome = try ask(commands)
    } catch  where isOld && connection == nil {
      // It was lost while it was idle.
      try connect()
      outcome = try ask(commands)
    }
    let now: Int64 = try outcome.rows.first?["now"] ?? 0
    return clock?.now() ?? Timestamp(milliseconds: now)
  }

  private func connect() throws(StoreError) {
    guard connection == nil else { return }
    do {
      connection = try PostgresConnection(address, within: .seconds(3))
    } catch {
      throw StoreError(.failed, error.message)
    }
  }

  /// Returns what the last command came to.
  @discardableResult
  private func ask(_ commands: [PostgresConnection.Command]) throws(StoreError) -> PostgresConnection.Outcome {
    // A connection that was lost takes its snapshot with it.
    guard let connection else { throw StoreError(.failed, "the connection to the database server was lost") }
    do {
      return try connection.perform(commands).last ?? .init()
    } catch {
      if error.isConnectionGone { self.connection = nil }
      throw StoreError(.failed, error.message)
    }
  }
}

import Core
import Foundation

/// The session that writes. Connects when it must, and again after it lost the server; on its own thread only.
///
/// Every transaction begins with the store's advisory lock, so that writes are serialised over all instances as they are over
/// one SQLite file. Whether a commit whose answer was lost took place is told by a mark that every transaction leaves.
final class PostgresWriter: WriterConnection {
  private let address: PostgresAddress
  private let place: PostgresPlace
  /// Tests turn a clock of their own; else the server's counts, which is the same for all instances.
  private let clock: WallClock?
  private let backoff = Backoff(base: .milliseconds(100), longest: .seconds(2))
  private var connection: PostgresConnection?
  private var attempts = 0
  private var nextAttempt = ContinuousClock.now
  private var lastFailure = PostgresError(.connectionLost, "the database was not connected to yet")
  /// Why the transaction is over although nobody ended it.
  private(set) var collapse: StoreError?
  private var hasChanges = false
  /// Counts transactions; see `PostgresMark`.
  private var number: Int64 = 0

  init(_ address: PostgresAddress, place: PostgresPlace, clock: WallClock?) {
    self.address = address
    self.place = place
    self.clock = clock
  }

  // MARK: Statements

  func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
    try ask(.statement(sql: sql, arguments: arguments)).changed
  }

  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
    try ask(.statement(sql: sql, arguments: arguments)).rows
  }

  private func ask(_ command: PostgresConnection.Command) throws -> PostgresConnection.Outcome {
    if let collapse { throw collapse }
    guard let connection else { throw StoreError(.failed, "there is no transaction; this is a bug") }
    do {
      let outcome = try connection.perform([command]).last ?? .init()
      if outcome.changed > 0 { hasChanges = true }
      return outcome
    } catch {
      throw note(error)
    }
  }

  /// What callers see of it. What makes the rest of the transaction pointless is kept as its collapse.
  private func note(_ error: PostgresError) -> StoreError {
    if error.isConnectionGone { giveUp(error) }
    guard error.isTransient else { return StoreError(.failed, error.message) }
    let failure = StoreError(.cannotCommit, error.message)
    collapse = failure
    return failure
  }

  private func giveUp(_ error: PostgresError) {
    connection = nil
    lastFailure = error
  }

  // MARK: Transactions

  func begin() throws -> Timestamp {
    collapse = nil
    hasChanges = false
    // An idle connection may have been lost with the server's last restart: only a new one says whether the server is there.
    let isOld = connection != nil
    do {
      return try open()
    } catch  where isOld && connection == nil {
      return try open()
    }
  }

  private func open() throws -> Timestamp {
    do {
      let connection = try connected()
      let outcomes = try connection.perform([
        .plain("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"), place.lock,
        .plain("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now"),
      ])
      let now: Int64 = try outcomes.last?.rows.first?["now"] ?? 0
      return clock?.now() ?? Timestamp(milliseconds: now)
    } catch let error as PostgresError {
      if error.isConnectionGone { giveUp(error) } else { rollback() }
      throw StoreError(.cannotCommit, error.message)
    }
  }

  func savepoint(_ body: () throws -> Void) throws {
    guard let connection else { throw collapse ?? StoreError(.cannotCommit, lastFailure.message) }
    connection.postpone(.plain("SAVEPOINT job"))
    do {
      try body()
      if let collapse { throw collapse }
      // Whoever swallowed the failure of a statement must not be told that the rest was kept.
      guard !connection.isTransactionBroken else { throw StoreError(.failed, "a statement of the transaction has failed") }
    } catch {
      if collapse == nil { connection.postpone(.plain("ROLLBACK TO SAVEPOINT job")) }
      connection.postpone(.plain("RELEASE SAVEPOINT job"))
      throw error
    }
    connection.postpone(.plain("RELEASE SAVEPOINT job"))
  }

  func commit() throws {
    guard let connection else { throw StoreError(.cannotCommit, lastFailure.message) }
    guard hasChanges else {
      _ = try finish(connection, [.plain("COMMIT")])
      return
    }
    number += 1
    do {
      _ = try finish(connection, [place.mark(number), place.notification, .plain("COMMIT")])
    } catch  where self.connection == nil {
      throw UndecidedCommit(number: number, reason: lastFailure.message)
    }
  }

  private func finish(_ connection: PostgresConnection, _ commands: [PostgresConnection.Command]) throws {
    do {
      let tag = try connection.perform(commands).last?.tag
      // A broken transaction is rolled back by COMMIT, without an error.
      guard tag == "COMMIT" else { throw StoreError(.cannotCommit, "the database rolled the transaction back") }
    } catch let error as PostgresError {
      if error.isConnectionGone { giveUp(error) } else { rollback() }
      throw StoreError(.cannotCommit, error.message)
    }
  }

  func rollback() {
    do {
      try connection?.perform([.plain("ROLLBACK")])
    } catch {
      // A session that cannot even do that is of no use; the server rolls back when it is closed.
      giveUp(error)
    }
  }

  func hasCommitted(_ commit: UndecidedCommit) throws -> Bool {
    // The lock is free only when the session that was lost has ended, one way or the other.
    _ = try begin()
    let marked: Int64? = try rows(place.markQuery.sql, place.markQuery.arguments).first?["number"]
    try self.commit()
    return marked == commit.number
  }

  // MARK: Connecting

  private func connected() throws(PostgresError) -> PostgresConnection {
    if let connection { return connection }
    // Callers are told at once while there is nothing to connect to.
    guard ContinuousClock.now >= nextAttempt else { throw lastFailure }
    do {
      let new = try PostgresConnection(address)
      connection = new
      attempts = 0
      return new
    } catch {
      attempts += 1
      nextAttempt = .now + backoff.delay(after: attempts)
      lastFailure = error
      throw error
    }
  }
}

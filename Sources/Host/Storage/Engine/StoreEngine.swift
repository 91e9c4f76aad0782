package import Core

/// A database that keeps the store. The statements are the same for all of them: see `SQLConnection`.
package protocol StoreEngine: Sendable {
  /// Whether other instances of the service may use the same store.
  var isShared: Bool { get }

  /// Events accepted and not yet done, as it stood when the database was opened.
  var pendingEvents: Int { get }

  /// Runs the job in a transaction that it may share with others, and then tells it what became of it.
  ///
  /// Writes are serialised: over this process, and over all instances when the store is shared.
  func submit(_ job: WriteJob)

  /// Runs `body` on a consistent snapshot, with the time of the snapshot; never waits for writers.
  func read<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection, Timestamp) throws -> Value
  ) async throws -> Value

  /// What is wrong with the database, when that was too long a question for the start; nil when nothing is.
  func damage() async throws -> String?

  /// Ends everything. Call after everything that uses the store has ended.
  func close() throws
}

/// Statements in the dialect that the engines share, inside a transaction or a snapshot. Used on the engine's own thread only.
///
/// The dialect: `?` and `?1`; integers, text and blobs; `ON CONFLICT`, `RETURNING`, `COALESCE`, `GREATEST` and `LEAST`;
/// truth values are 0 and 1 and must be compared. `INDEXED BY` is followed by SQLite, whose planner needs it, and dropped elsewhere.
package protocol SQLConnection {
  /// Runs a statement and returns how many rows it changed.
  func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int

  /// All rows of the answer.
  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow]
}

/// A connection that holds the one transaction in which a group of jobs is written.
protocol WriterConnection: SQLConnection {
  /// Why the database rolled the transaction back by itself; nil while it goes on.
  var collapse: StoreError? { get }

  /// Begins a transaction that excludes every other writer, and returns its time.
  func begin() throws -> Timestamp

  /// Runs `body`, and undoes what it changed when it throws.
  func savepoint(_ body: () throws -> Void) throws

  /// Returns when the transaction is on disk.
  ///
  /// - Throws: `UndecidedCommit` when the database was lost before it answered.
  func commit() throws

  /// Ends the transaction, if there still is one.
  func rollback()

  /// What became of a commit that got no answer; throws while that cannot be found out.
  func hasCommitted(_ commit: UndecidedCommit) throws -> Bool
}

/// The database was lost after it was told to commit and before it answered. It alone knows whether it did.
struct UndecidedCommit: Error {
  /// Which of the connection's transactions.
  let number: Int64
  let reason: String
}

/// One caller's part of a group.
package struct WriteJob: Sendable {
  /// Runs inside the group's transaction and returns what to do when its fate is known: nil = committed. Throws when the group must
  /// not commit.
  let run: @Sendable (any WriterConnection, Timestamp) throws -> @Sendable (_ commitError: StoreError?) -> Void
  /// Tells the caller that its turn never came.
  let refuse: @Sendable (StoreError) -> Void
}

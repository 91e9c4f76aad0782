package import Core
import Foundation
import GRDB
import Synchronization

/// The journal, the outbox, write calls, the audit rows and the skills' keyed data: one SQLite file in WAL mode with `synchronous=FULL`.
///
/// `write` returns after the commit reached the disk. Writers share commits: see `GroupCommit`.
package final class Store: Sendable {
  /// Names this run of the process in claims; a claim of another boot was interrupted.
  package let boot: String
  package let clock: WallClock
  /// How much each channel's platform lets us say.
  private let sendingRules: Mutex<[String: SendingRules]>
  let pool: DatabasePool
  private let writer: GroupCommit
  /// Events accepted and not yet done; the bound of the queue is checked against it without a query.
  let backlog: Mutex<Int>

  /// Opens or creates the database and releases what an earlier run had claimed.
  ///
  /// - Parameters:
  ///   - path: the database file; its folder must exist.
  ///   - clock: a steady one; due times and deadlines are compared with it.
  ///   - sendingRules: what each channel's platform allows, by configured name; without an entry there is no limit.
  ///   - onChange: told when commits begin to fail, with the reason, and when they work again, with nil.
  package init(
    path: String, clock: WallClock = .steady(), sendingRules: [String: SendingRules] = [:],
    onChange: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) throws(StoreError) {
    boot = RequestID(at: clock.now()).description
    self.clock = clock
    self.sendingRules = Mutex(sendingRules)
    do {
      var configuration = GRDB.Configuration()
      configuration.busyMode = .timeout(5)
      configuration.label = "store"
      pool = try DatabasePool(path: path, configuration: configuration)
      // The pool sets NORMAL when it opens; a commit must survive a power cut.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT {
      throw StoreError(.damaged, "\(path) is not a usable database; move it away or restore a backup")
    } catch {
      throw StoreError(.cannotOpen, "cannot open \(path): \(Self.reason(error))")
    }
    writer = GroupCommit(pool: pool, onChange: onChange)
    do {
      try Schema.migrate(pool)
      let pending = try pool.read { database in
        try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM event WHERE state = 'pending'") ?? 0
      }
      backlog = Mutex(pending)
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.cannotOpen, "cannot prepare \(path): \(Self.reason(error))")
    }
  }

  /// From now on messages are cut to, and counted against, what each channel's platform allows; by configured name.
  package func follow(_ rules: [String: SendingRules]) {
    sendingRules.withLock { $0 = rules }
  }

  /// Runs `body` in a transaction of its own, all or nothing, and returns when it is on disk.
  ///
  /// `body` runs on the writer's thread and must not wait for anything. What it throws is thrown here and rolls back
  /// only its own changes; a failed commit throws `StoreError.cannotCommit`.
  package func write<Value: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> Value
  ) async throws -> Value {
    let clock = clock
    let boot = boot
    let rules = sendingRules.withLock { $0 }
    return try await withCheckedThrowingContinuation { continuation in
      let run: @Sendable (Database) -> (StoreError?) -> Void = { database in
        let result = Result { () throws -> Value in
          var value: Value?
          try database.inSavepoint {
            value = try body(Transaction(database: database, now: clock.now(), boot: boot, sendingRules: rules))
            return .commit
          }
          guard let value else { throw StoreError(.cannotCommit, "the savepoint did not run") }
          return value
        }
        return { commitError in
          if let commitError {
            continuation.resume(throwing: commitError)
          } else {
            continuation.resume(with: result)
          }
        }
      }
      writer.submit(GroupCommit.Job(run: run, refuse: { continuation.resume(throwing: $0) }))
    }
  }

  /// Like `write`, but a commit that fails is tried again until it works: for outcomes that are known and must not be lost
  /// because the disk is full for a while. Gives up when the task is cancelled.
  package func writeWhenPossible<Value: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> Value
  ) async throws -> Value {
    let backoff = Backoff(base: .milliseconds(100), longest: .seconds(5))
    var attempt = 1
    while true {
      do {
        return try await write(body)
      } catch let error as StoreError where error.code == .cannotCommit {
        try await Task.sleep(for: backoff.delay(after: attempt))
        attempt += 1
      }
    }
  }

  /// How long a loop may sleep: until the time that `due` finds, and `longest` when there is none. A failed read counts as none,
  /// so that a store that works again is looked at again.
  package func idleTime(
    atMost longest: Duration, due: @escaping @Sendable (Transaction) throws -> Timestamp?
  ) async -> Duration {
    let wait = try? await read { transaction in try due(transaction).map { $0.since(transaction.now) } }
    return min(max((wait ?? nil) ?? longest, .milliseconds(10)), longest)
  }

  /// For loops that go on after a failed read or write: a full disk must not be asked, and logged, a hundred times a second.
  package func pauseAfterFailure() async {
    // Cancelled: the loop is about to end anyway.
    try? await Task.sleep(for: .seconds(1))
  }

  /// Runs `body` on a consistent snapshot; never waits for writers.
  package func read<Value: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> Value
  ) async throws -> Value {
    let now = clock.now()
    let boot = boot
    let rules = sendingRules.withLock { $0 }
    return try await pool.read { database in
      try body(Transaction(database: database, now: now, boot: boot, sendingRules: rules))
    }
  }

  /// Folds the write-ahead log into the database and closes it. Call after everything that uses the store has ended.
  package func close() throws {
    try pool.writeWithoutTransaction { database in
      _ = try database.checkpoint(.truncate)
    }
    try pool.close()
  }

  /// The cause in words, without SQL arguments: those may hold message text.
  static func reason(_ error: any Error) -> String {
    if let error = error as? DatabaseError { return "\(error.resultCode.description) (\(error.message ?? "no detail"))" }
    return "\(error)"
  }
}

/// One open transaction, or a snapshot when it came from `read`. Valid only inside the closure that received it.
package struct Transaction {
  let database: Database
  /// The time at which the transaction began.
  package let now: Timestamp
  /// The boot that writes.
  package let boot: String
  /// What each channel's platform allows.
  let sendingRules: [String: SendingRules]

  func run(_ sql: String, _ arguments: StatementArguments) throws {
    try database.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func row(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
    try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
  }

  func rows(_ sql: String, _ arguments: StatementArguments) throws -> [Row] {
    try Row.fetchAll(database.cachedStatement(sql: sql), arguments: arguments)
  }
}

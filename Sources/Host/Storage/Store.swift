package import Core
import Synchronization

/// The journal, the outbox, write calls, the audit rows and the skills' keyed data, in one database: see `StoreEngine`.
///
/// `write` returns after the commit reached the disk. Writers share commits: see `GroupCommit`.
package final class Store: Sendable {
  /// Names this run of the process in claims; a claim of another boot was interrupted.
  package let boot: String
  package let clock: WallClock
  /// How much each channel's platform lets us say.
  private let sendingRules: Mutex<[String: SendingRules]>
  let engine: any StoreEngine
  /// Events accepted and not yet done; the bound of the queue is checked against it without a query.
  let backlog: Mutex<Int>
  /// Nil where the time is the server's.
  private let timeMark: TimeMark?

  /// Opens or creates a store in one SQLite file.
  ///
  /// - Parameters:
  ///   - path: the database file; its folder must exist.
  ///   - clock: a steady one; due times and deadlines are compared with it.
  ///   - sendingRules: what each channel's platform allows, by configured name; without an entry there is no limit.
  ///   - onChange: told when commits begin to fail, with the reason, and when they work again, with nil.
  package convenience init(
    path: String, clock: WallClock = .steady(), sendingRules: [String: SendingRules] = [:],
    onChange: @escaping @Sendable (StoreError?) -> Void = { _ in }
  ) throws(StoreError) {
    let engine = try SQLiteEngine(path: path, clock: clock, onChange: onChange)
    self.init(engine: engine, clock: clock, sendingRules: sendingRules)
  }

  init(engine: any StoreEngine, clock: WallClock, sendingRules: [String: SendingRules] = [:]) {
    boot = RequestID(at: clock.now()).description
    self.clock = clock
    self.engine = engine
    timeMark = engine.isShared ? nil : TimeMark()
    self.sendingRules = Mutex(sendingRules)
    backlog = Mutex(engine.pendingEvents)
  }

  /// From now on messages are cut to, and counted against, what each channel's platform allows; by configured name.
  package func follow(_ rules: [String: SendingRules]) {
    sendingRules.withLock { $0 = rules }
  }

  /// Whether other instances of the service may work on the same store.
  package var isShared: Bool { engine.isShared }

  /// Runs `body` in a transaction of its own, all or nothing, and returns when it is on disk.
  ///
  /// `body` runs on the writer's thread and must not wait for anything. What it throws is thrown here and rolls back
  /// only its own changes; a failed commit throws `StoreError.cannotCommit`.
  package func write<Value: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> Value
  ) async throws -> Value {
    try await submit { connection, transaction in
      Result {
        var value: Value?
        try connection.savepoint { value = try body(transaction) }
        guard let value else { throw StoreError(.cannotCommit, "the savepoint did not run") }
        return value
      }
    }
  }

  /// Like `write`, without the savepoint, which costs as much as a third of a short body: for one that throws nothing of its own. Should
  /// it throw all the same, nothing is committed of the group it shares a transaction with.
  func writeWithGroup<Value: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> Value
  ) async throws -> Value {
    try await submit { _, transaction in .success(try body(transaction)) }
  }

  private func submit<Value: Sendable>(
    _ body: @escaping @Sendable (any WriterConnection, Transaction) throws -> Result<Value, any Error>
  ) async throws -> Value {
    let boot = boot
    let rules = sendingRules.withLock { $0 }
    let timeMark = timeMark
    return try await withCheckedThrowingContinuation { continuation in
      let run: @Sendable (any WriterConnection, Timestamp) throws -> @Sendable (StoreError?) -> Void = { connection, now in
        let transaction = Transaction(connection: connection, now: now, boot: boot, sendingRules: rules)
        let result = try body(connection, transaction)
        if case .success = result { try timeMark?.keep(in: transaction) }
        return { @Sendable commitError in
          if let commitError {
            continuation.resume(throwing: commitError)
          } else {
            continuation.resume(with: result)
          }
        }
      }
      engine.submit(WriteJob(run: run, refuse: { continuation.resume(throwing: $0) }))
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
    let boot = boot
    let rules = sendingRules.withLock { $0 }
    return try await engine.read { connection, now in
      try body(Transaction(connection: connection, now: now, boot: boot, sendingRules: rules))
    }
  }

  /// Ends everything. Call after everything that uses the store has ended.
  package func close() throws {
    try engine.close()
  }

  /// The cause in words.
  static func reason(_ error: any Error) -> String { (error as? StoreError)?.message ?? "\(error)" }
}

/// One open transaction, or a snapshot when it came from `read`. Valid only inside the closure that received it.
package struct Transaction {
  let connection: any SQLConnection
  /// The time at which the transaction began.
  package let now: Timestamp
  /// The boot that writes.
  package let boot: String
  /// What each channel's platform allows.
  let sendingRules: [String: SendingRules]

  /// Runs a statement and returns how many rows it changed.
  @discardableResult
  func run(_ sql: String, _ arguments: SQLArguments) throws -> Int {
    try connection.run(sql, arguments.values)
  }

  func row(_ sql: String, _ arguments: SQLArguments) throws -> SQLRow? {
    try rows(sql, arguments).first
  }

  func rows(_ sql: String, _ arguments: SQLArguments) throws -> [SQLRow] {
    try connection.rows(sql, arguments.values)
  }
}

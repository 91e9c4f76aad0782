import Core
import Foundation
import GRDB
import Synchronization

/// One SQLite file in WAL mode with `synchronous=FULL`: one writer that commits groups, and readers that never wait for it.
final class SQLiteEngine: StoreEngine {
  private let pool: DatabasePool
  private let writer: GroupCommit
  private let clock: WallClock
  private let file: DatabaseFile
  private let isClosed = Mutex(false)
  let pendingEvents: Int

  /// Opens or creates the database.
  ///
  /// - Parameters:
  ///   - path: the database file; its folder must exist.
  ///   - onChange: told when commits begin to fail, with the reason, and when they work again, with nil.
  init(path: String, clock: WallClock, onChange: @escaping @Sendable (StoreError?) -> Void)
    throws(StoreError)
  {
    self.clock = clock
    do {
      var configuration = GRDB.Configuration()
      configuration.busyMode = .timeout(5)
      configuration.label = "store"
      configuration.prepareDatabase { database in
        database.add(function: Self.greatest)
        database.add(function: Self.least)
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      // The pool sets NORMAL when it opens; a commit must survive a power cut.
      // The log is folded into the file once it has as many pages as one table of its index holds: a page that changes again and again is
      // written once for all, and a lookup in the log costs no more than in a shorter one.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000") }
      file = try DatabaseFile(path)
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT {
      throw StoreError(.damaged, "\(path) is not a usable database; move it away or restore a backup")
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.cannotOpen, "cannot open \(path): \(SQLiteConnection.reason(error))")
    }
    writer = GroupCommit(onChange: onChange)
    do {
      try SQLiteSchema.migrate(pool)
      let mark = try pool.read {
        try String.fetchOne($0, sql: "SELECT value FROM setting WHERE name = ?", arguments: [TimeMark.setting])
      }
      if let mark = mark.flatMap({ Int64($0) }) { clock.goOn(from: Timestamp(milliseconds: mark)) }
      pendingEvents = try pool.read { database in
        try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM event WHERE state = 'pending'") ?? 0
      }
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.cannotOpen, "cannot prepare \(path): \(SQLiteConnection.reason(error))")
    }
  }

  var isShared: Bool { false }

  func submit(_ job: WriteJob) {
    guard writer.submit(job) else { return }
    // GRDB runs this on the writer connection's own serial queue, never on the cooperative pool.
    pool.asyncWriteWithoutTransaction { [writer, clock, file] database in
      writer.drain(in: SQLiteConnection(database: database, clock: clock, file: file))
    }
  }

  func read<Value: Sendable>(
    _ body: @escaping @Sendable (any SQLConnection, Timestamp) throws -> Value
  ) async throws -> Value {
    let now = clock.now()
    return try await pool.read { [clock, file] in try body(SQLiteConnection(database: $0, clock: clock, file: file), now) }
  }

  // MARK: Integrity

  /// Bytes of a file that is checked before it is opened. A larger one takes too long for that: see `damage`.
  private static let quickCheckLimit: Int64 = 64 << 20

  /// Throws when the file at `path` is damaged. Changes nothing in it, because whoever repairs it wants it as it was, unless a
  /// transaction must be undone first in whose middle the process ended: that is no damage.
  static func check(_ path: String) throws(StoreError) {
    guard FileManager.default.fileExists(atPath: path), try DatabaseFile(path).size <= quickCheckLimit else { return }
    do {
      let problem: String?
      do {
        problem = try quickCheck(path, readonly: true)
      } catch let error as DatabaseError where error.resultCode == .SQLITE_READONLY {
        problem = try quickCheck(path, readonly: false)
      }
      if let problem { throw StoreError(.damaged, "\(path) is damaged: \(problem)") }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB || error.resultCode == .SQLITE_CORRUPT {
      throw StoreError(.damaged, "\(path) is not a usable database")
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(.cannotOpen, "cannot read \(path): \(SQLiteConnection.reason(error))")
    }
  }

  func damage() async throws -> String? {
    guard file.size > Self.quickCheckLimit else { return nil }
    return try await pool.read(Self.quickCheck)
  }

  private static func quickCheck(_ path: String, readonly: Bool) throws -> String? {
    var configuration = GRDB.Configuration()
    configuration.readonly = readonly
    configuration.busyMode = .timeout(5)
    configuration.label = "check"
    let database = try DatabaseQueue(path: path, configuration: configuration)
    let problem = try database.read(quickCheck)
    try database.close()
    return problem
  }

  private static func quickCheck(_ database: Database) throws -> String? {
    let found = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
    return found == "ok" ? nil : found ?? "no answer"
  }

  /// Folds the write-ahead log into the database and closes it.
  func close() throws {
    // The second time there is no connection left to fold anything with.
    guard
      !isClosed.withLock({ closed in
        defer { closed = true }; return closed
      })
    else { return }
    try pool.writeWithoutTransaction { database in
      _ = try database.checkpoint(.truncate)
    }
    try pool.close()
  }

  // SQLite has them under the names MAX and MIN, and lets a null win.
  private static let greatest = DatabaseFunction("GREATEST", pure: true) { $0.compactMap { Int64.fromDatabaseValue($0) }.max() }
  private static let least = DatabaseFunction("LEAST", pure: true) { $0.compactMap { Int64.fromDatabaseValue($0) }.min() }
}

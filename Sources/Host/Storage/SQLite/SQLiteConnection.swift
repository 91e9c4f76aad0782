import Core
import Foundation
import GRDB
import GRDBSQLite

/// One open connection of the pool, for as long as GRDB lends it.
struct SQLiteConnection: WriterConnection {
  let database: Database
  let clock: WallClock
  let file: DatabaseFile

  func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
    try Self.naming {
      try SQLiteStatement(sql, in: database).run(arguments)
      return Int(sqlite3_changes(database.sqliteConnection))
    }
  }

  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
    try Self.naming { try SQLiteStatement(sql, in: database).rows(arguments) }
  }

  var collapse: StoreError? {
    // SQLite rolls the whole transaction back by itself when its disk is full or fails.
    database.isInsideTransaction
      ? nil : StoreError(.cannotCommit, "the disk is full or failing; the transaction was rolled back")
  }

  func begin() throws -> Timestamp {
    try file.verify()
    try Self.naming { try database.beginTransaction(.immediate) }
    return clock.now()
  }

  func savepoint(_ body: () throws -> Void) throws {
    _ = try run("SAVEPOINT job", [])
    do {
      try body()
      _ = try run("RELEASE SAVEPOINT job", [])
    } catch {
      // There is none any more when the whole transaction was rolled back.
      if collapse == nil {
        _ = try run("ROLLBACK TO SAVEPOINT job", [])
        _ = try run("RELEASE SAVEPOINT job", [])
      }
      throw error
    }
  }

  func commit() throws {
    try Self.naming { try database.commit() }
  }

  func rollback() {
    if database.isInsideTransaction { try? database.rollback() }
  }

  /// A file always answers.
  func hasCommitted(_ commit: UndecidedCommit) throws -> Bool { false }

  /// Gives what SQLite throws a name that callers know.
  static func naming<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw StoreError(.failed, reason(error))
    }
  }

  /// The cause in words, without SQL arguments: those may hold message text.
  static func reason(_ error: any Error) -> String {
    if let error = error as? DatabaseError { return "\(error.resultCode.description) (\(error.message ?? "no detail"))" }
    return "\(error)"
  }
}

import Core
import Foundation
import GRDB

/// One open connection of the pool, for as long as GRDB lends it.
struct SQLiteConnection: WriterConnection {
  let database: Database
  let clock: WallClock
  let file: DatabaseFile

  func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int {
    try Self.naming {
      try database.cachedStatement(sql: sql).execute(arguments: Self.arguments(arguments))
      return database.changesCount
    }
  }

  func rows(_ sql: String, _ arguments: [SQLValue]) throws -> [SQLRow] {
    try Self.naming {
      let statement = try database.cachedStatement(sql: sql)
      let columns = statement.columnNames
      let cursor = try Row.fetchCursor(statement, arguments: Self.arguments(arguments))
      var rows: [SQLRow] = []
      while let row = try cursor.next() {
        rows.append(SQLRow(columns: columns, values: columns.indices.map { Self.value(row[$0] as DatabaseValue) }))
      }
      return rows
    }
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
    var failure: (any Error)?
    try Self.naming {
      try database.inSavepoint {
        do {
          try body()
          return .commit
        } catch {
          failure = error
          return .rollback
        }
      }
    }
    if let failure { throw failure }
  }

  func commit() throws {
    try Self.naming { try database.commit() }
  }

  func rollback() {
    if database.isInsideTransaction { try? database.rollback() }
  }

  /// A file always answers.
  func hasCommitted(_ commit: UndecidedCommit) throws -> Bool { false }

  private static func arguments(_ values: [SQLValue]) -> StatementArguments {
    // As optionals: for others GRDB makes a key path at every call, which costs more than SQLite does.
    StatementArguments(
      values.map { value -> (any DatabaseValueConvertible)? in
        switch value {
        case .null: nil
        case .integer(let value): value
        case .text(let value): value
        case .blob(let value): value
        }
      })
  }

  private static func value(_ value: DatabaseValue) -> SQLValue {
    switch value.storage {
    case .null: .null
    case .int64(let value): .integer(value)
    // Nothing that we keep has fractions; a sum may come as one.
    case .double(let value): Int64(exactly: value).map(SQLValue.integer) ?? .text("\(value)")
    case .string(let value): .text(value)
    case .blob(let value): .blob(value)
    }
  }

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

import Foundation
import GRDB
import GRDBSQLite

/// A prepared statement of one connection, on SQLite's own interface: GRDB's conversions cost more than most of our statements.
struct SQLiteStatement {
  /// SQLite takes a copy: the bytes are ours again when the binding returns.
  private static let copying = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

  private let statement: Statement
  private var handle: OpaquePointer { statement.sqliteStatement }

  /// Takes the statement from the connection's cache, or prepares it.
  init(_ sql: String, in database: Database) throws {
    statement = try database.cachedStatement(sql: sql)
  }

  /// Runs it to its end.
  func run(_ arguments: [SQLValue]) throws {
    defer { sqlite3_reset(handle) }
    try bind(arguments)
    while try step() {}
  }

  func rows(_ arguments: [SQLValue]) throws -> [SQLRow] {
    defer { sqlite3_reset(handle) }
    try bind(arguments)
    var rows: [SQLRow] = []
    guard try step() else { return rows }
    let columns = statement.columnNames
    repeat {
      rows.append(SQLRow(columns: columns, values: (0..<Int32(columns.count)).map(value)))
    } while try step()
    return rows
  }

  /// Whether there is another row.
  private func step() throws -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: true
    case SQLITE_DONE: false
    case let code: throw error(code)
    }
  }

  private func bind(_ arguments: [SQLValue]) throws {
    guard arguments.count == Int(sqlite3_bind_parameter_count(handle)) else {
      throw StoreError(.failed, "a statement got \(arguments.count) arguments; this is a bug")
    }
    for (index, argument) in arguments.enumerated() {
      let place = Int32(index + 1)
      let code =
        switch argument {
        case .null: sqlite3_bind_null(handle, place)
        case .integer(let value): sqlite3_bind_int64(handle, place, value)
        // A null pointer would be a null value.
        case .text(""): sqlite3_bind_text(handle, place, "", 0, Self.copying)
        case .text(var text):
          text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
              sqlite3_bind_text64(handle, place, $0.baseAddress, UInt64($0.count), Self.copying, UInt8(SQLITE_UTF8))
            }
          }
        case .blob(let data) where data.isEmpty: sqlite3_bind_zeroblob(handle, place, 0)
        case .blob(let data):
          data.withUnsafeBytes { sqlite3_bind_blob64(handle, place, $0.baseAddress, UInt64($0.count), Self.copying) }
        }
      guard code == SQLITE_OK else { throw error(code) }
    }
  }

  private func value(_ column: Int32) -> SQLValue {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_INTEGER: .integer(sqlite3_column_int64(handle, column))
    // Nothing that we keep has fractions; a sum may come as one.
    case SQLITE_FLOAT: Int64(exactly: sqlite3_column_double(handle, column)).map(SQLValue.integer) ?? .null
    case SQLITE_TEXT: .text(String(decoding: bytes(sqlite3_column_text(handle, column), column), as: UTF8.self))
    case SQLITE_BLOB: .blob(Data(bytes(sqlite3_column_blob(handle, column), column)))
    default: .null
    }
  }

  private func bytes(_ start: UnsafeRawPointer?, _ column: Int32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
  }

  private func error(_ code: Int32) -> DatabaseError {
    let message = sqlite3_db_handle(handle).flatMap(sqlite3_errmsg).map { String(cString: $0) }
    return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
  }
}

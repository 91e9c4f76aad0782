package import Foundation

/// What one column of one row holds. Both engines keep nothing else.
package enum SQLValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case text(String)
  case blob(Data)
}

/// A Swift type that is kept in one column.
package protocol SQLConvertible: Sendable {
  /// Nil when the column holds something else.
  init?(sqlValue: SQLValue)
  var sqlValue: SQLValue { get }
}

extension Int64: SQLConvertible {
  package init?(sqlValue: SQLValue) {
    guard case .integer(let value) = sqlValue else { return nil }
    self = value
  }

  package var sqlValue: SQLValue { .integer(self) }
}

extension Int: SQLConvertible {
  package init?(sqlValue: SQLValue) {
    guard case .integer(let value) = sqlValue, let value = Int(exactly: value) else { return nil }
    self = value
  }

  package var sqlValue: SQLValue { .integer(Int64(self)) }
}

/// Kept as 0 or 1: SQLite knows no truth values.
extension Bool: SQLConvertible {
  package init?(sqlValue: SQLValue) {
    guard case .integer(let value) = sqlValue else { return nil }
    self = value != 0
  }

  package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLConvertible {
  package init?(sqlValue: SQLValue) {
    guard case .text(let value) = sqlValue else { return nil }
    self = value
  }

  package var sqlValue: SQLValue { .text(self) }
}

extension Data: SQLConvertible {
  package init?(sqlValue: SQLValue) {
    guard case .blob(let value) = sqlValue else { return nil }
    self = value
  }

  package var sqlValue: SQLValue { .blob(self) }
}

/// The values of a statement's placeholders, in their order: `[channel, 7, nil]`.
package struct SQLArguments: Sendable, ExpressibleByArrayLiteral {
  package let values: [SQLValue]

  package init(arrayLiteral elements: (any SQLConvertible)?...) {
    values = elements.map { $0?.sqlValue ?? .null }
  }

  init(_ values: [SQLValue]) {
    self.values = values
  }
}

/// One row of an answer.
package struct SQLRow: Sendable {
  /// Shared by all rows of one answer.
  package let columns: [String]
  package let values: [SQLValue]

  package init(columns: [String], values: [SQLValue]) {
    self.columns = columns
    self.values = values
  }

  /// The column's value.
  ///
  /// - Throws: `StoreError.damaged` when there is no such column, or it holds something else: SQLite checks no types.
  package subscript<Value: SQLConvertible>(_ column: String) -> Value {
    get throws(StoreError) {
      guard let value = Value(sqlValue: try value(of: column)) else { throw mismatch(column, Value.self) }
      return value
    }
  }

  /// The column's value; nil when it is null.
  package subscript<Value: SQLConvertible>(_ column: String) -> Value? {
    get throws(StoreError) {
      let stored = try value(of: column)
      if case .null = stored { return nil }
      guard let value = Value(sqlValue: stored) else { throw mismatch(column, Value.self) }
      return value
    }
  }

  func value(of column: String) throws(StoreError) -> SQLValue {
    guard let index = columns.firstIndex(of: column) else {
      throw StoreError(.failed, "the answer has no column \(column); this is a bug")
    }
    return values[index]
  }

  private func mismatch(_ column: String, _ type: any SQLConvertible.Type) -> StoreError {
    StoreError(.damaged, "column \(column) holds no \(type); restore a backup")
  }
}

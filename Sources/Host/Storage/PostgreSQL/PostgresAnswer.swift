import CPostgres
import Foundation

/// Reading what libpq has received.
enum PostgresAnswer {
  static func outcome(of result: OpaquePointer) -> PostgresConnection.Outcome {
    var outcome = PostgresConnection.Outcome()
    outcome.tag = PQcmdStatus(result).map { String(cString: $0) } ?? ""
    if !outcome.tag.hasPrefix("SELECT") {
      outcome.changed = PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0
    }
    let columns = PQnfields(result)
    guard columns > 0 else { return outcome }
    let names = (0..<columns).map { PQfname(result, $0).map { String(cString: $0) } ?? "" }
    let types = (0..<columns).map { PQftype(result, $0) }
    outcome.rows = (0..<PQntuples(result)).map { row in
      SQLRow(columns: names, values: (0..<columns).map { value(of: result, row: row, column: $0, type: types[Int($0)]) })
    }
    return outcome
  }

  private static func value(of result: OpaquePointer, row: Int32, column: Int32, type: UInt32) -> SQLValue {
    guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return .null }
    let bytes = UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
    let text = String(decoding: bytes, as: UTF8.self)
    switch type {
    case PostgresStatement.TypeID.bool: return .integer(text == "t" ? 1 : 0)
    case PostgresStatement.TypeID.int2, PostgresStatement.TypeID.int4, PostgresStatement.TypeID.int8,
      PostgresStatement.TypeID.numeric:
      // A sum of integers is numeric there.
      return Int64(text).map(SQLValue.integer) ?? .text(text)
    case PostgresStatement.TypeID.bytea: return .blob(unhex(bytes))
    default: return .text(text)
    }
  }

  /// `\x00ff…`
  private static func unhex(_ bytes: UnsafeRawBufferPointer) -> Data {
    var data = Data(capacity: bytes.count / 2)
    var position = 2
    while position + 1 < bytes.count {
      data.append(digit(bytes[position]) << 4 | digit(bytes[position + 1]))
      position += 2
    }
    return data
  }

  private static func digit(_ letter: UInt8) -> UInt8 {
    letter < UInt8(ascii: "a") ? letter &- UInt8(ascii: "0") : letter &- UInt8(ascii: "a") &+ 10
  }
}

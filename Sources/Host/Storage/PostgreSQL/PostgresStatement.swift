/// A statement in the dialect that both engines share, as PostgreSQL wants it for certain kinds of arguments.
///
/// Placeholders become `$1`, `$2`…; a null is written into the text, since a parameter without a type is ambiguous in places
/// such as `? IS NULL`; SQLite's `INDEXED BY name` is left out.
struct PostgresStatement: Sendable, Hashable {
  /// PostgreSQL's numbers of types.
  enum TypeID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let numeric: UInt32 = 1700
  }

  let text: String
  /// For each parameter, which argument it takes.
  let arguments: [Int]
  /// For each parameter, its type.
  let types: [UInt32]

  /// - Parameter arguments: only their kinds matter.
  init(_ sql: String, _ arguments: [SQLValue]) throws(PostgresError) {
    var translation = Translation(arguments: arguments)
    try translation.read(Array(sql.utf8))
    text = String(decoding: translation.output, as: UTF8.self)
    self.arguments = translation.parameters
    types = translation.parameters.map { Self.type(of: arguments[$0]) }
  }

  private static func type(of value: SQLValue) -> UInt32 {
    switch value {
    case .integer: TypeID.int8
    case .text, .null: TypeID.text
    case .blob: TypeID.bytea
    }
  }
}

/// One pass over a statement's text.
private struct Translation {
  let arguments: [SQLValue]
  var output: [UInt8] = []
  var parameters: [Int] = []
  /// The parameter that an argument became.
  private var numbers: [Int: Int] = [:]
  private var lastArgument = 0

  init(arguments: [SQLValue]) {
    self.arguments = arguments
  }

  mutating func read(_ sql: [UInt8]) throws(PostgresError) {
    output.reserveCapacity(sql.count + 32)
    var position = 0
    while position < sql.count {
      let byte = sql[position]
      switch byte {
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        // A doubled quote is the end of one text and the beginning of the next, which comes to the same.
        let end = sql[(position + 1)...].firstIndex(of: byte) ?? sql.count - 1
        output += sql[position...end]
        position = end + 1
      case UInt8(ascii: "?"):
        position += 1
        let digits = sql[position...].prefix { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }
        position += digits.count
        try place(argument: digits.isEmpty ? lastArgument + 1 : Int(String(decoding: digits, as: UTF8.self)) ?? 0)
      case UInt8(ascii: "I") where sql[position...].starts(with: Self.hint):
        position += Self.hint.count
        position +=
          sql[position...].prefix { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: ")") }.count
      default:
        output.append(byte)
        position += 1
      }
    }
  }

  private static let hint = Array("INDEXED BY ".utf8)

  private mutating func place(argument: Int) throws(PostgresError) {
    guard arguments.indices.contains(argument - 1) else {
      throw PostgresError(.refused(sqlState: "07001"), "a statement names argument \(argument) of \(arguments.count)")
    }
    lastArgument = max(lastArgument, argument)
    if case .null = arguments[argument - 1] {
      output += Array("NULL".utf8)
      return
    }
    if numbers[argument] == nil {
      parameters.append(argument - 1)
      numbers[argument] = parameters.count
    }
    output += Array("$\(numbers[argument] ?? 0)".utf8)
  }
}

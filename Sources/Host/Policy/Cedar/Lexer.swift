/// Cuts a file of rules, or a schema, into tokens.
struct Lexer {
  private let bytes: [UInt8]
  private let dialect: Dialect
  private var position = 0

  /// All tokens, the last of which is `end`.
  static func tokens(of bytes: [UInt8], as dialect: Dialect) throws(SyntaxError) -> [Token] {
    var lexer = Lexer(bytes: bytes, dialect: dialect)
    try lexer.checkText()
    var tokens: [Token] = []
    while true {
      let token = try lexer.next()
      tokens.append(token)
      if token.kind == .end { return tokens }
    }
  }

  /// Refuses broken encoding, and in the house also what an editor would not show as it is: control characters, changed writing
  /// direction.
  private func checkText() throws(SyntaxError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw SyntaxError(message: "the file is not valid UTF-8", span: Span(start: 0, end: 0))
    }
    guard dialect == .house else { return }
    var offset = 0
    for scalar in text.unicodeScalars {
      let end = offset + UTF8.width(scalar)
      if offset == 0, scalar == "\u{feff}" {
        throw SyntaxError(
          message: "the file starts with a byte-order mark", span: Span(start: 0, end: end), help: "save it as plain UTF-8")
      }
      let lineBreak = scalar == "\n" || scalar == "\r" && offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "\n")
      if !lineBreak, !scalar.isHarmless {
        let code = String(scalar.value, radix: 16)
        throw SyntaxError(
          message: "invisible character U+\(code.uppercased())", span: Span(start: offset, end: end),
          help: "inside a string write \\u{\(code)}; elsewhere remove it")
      }
      offset = end
    }
  }

  private mutating func next() throws(SyntaxError) -> Token {
    skipBlanks()
    let start = position
    guard position < bytes.count else { return Token(kind: .end, span: Span(start: start, end: start)) }
    switch bytes[position] {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
      while position < bytes.count, isWordByte(bytes[position]) { position += 1 }
      return token(.identifier, from: start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      return try integer(from: start)
    case UInt8(ascii: "\""):
      return try string(from: start)
    default:
      return try symbol(from: start)
    }
  }

  private mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        position += 1
      case UInt8(ascii: "/") where position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "/"):
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n"), bytes[position] != UInt8(ascii: "\r") {
          position += 1
        }
      default:
        guard let width = foreignBlank() else { return }
        position += width
      }
    }
  }

  /// The bytes of other white space, which Cedar knows and the house does not.
  private func foreignBlank() -> Int? {
    guard dialect != .house, let scalar = scalar(at: position), scalar.properties.isWhitespace else { return nil }
    return UTF8.width(scalar)
  }

  private func scalar(at offset: Int) -> Unicode.Scalar? {
    String(decoding: bytes[offset..<min(offset + 4, bytes.count)], as: UTF8.self).unicodeScalars.first
  }

  private func token(_ kind: Token.Kind, from start: Int) -> Token {
    Token(kind: kind, span: Span(start: start, end: position))
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
    default: isDigit(byte)
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func integer(from start: Int) throws(SyntaxError) -> Token {
    while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if dialect == .house, position < bytes.count, isWordByte(bytes[position]) {
      while position < bytes.count, isWordByte(bytes[position]) { position += 1 }
      let word = String(decoding: bytes[start..<position], as: UTF8.self)
      throw SyntaxError(
        message: "`\(word)` is not a number", span: Span(start: start, end: position), help: "a number has digits only")
    }
    guard let value = UInt64(text), value <= UInt64(Int64.max) + 1 else {
      throw SyntaxError(
        message: "number too large", span: Span(start: start, end: position), help: "the largest number is \(Int64.max)")
    }
    return token(.integer(value), from: start)
  }

  private mutating func string(from start: Int) throws(SyntaxError) -> Token {
    position += 1
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return token(.string, from: start)
      case UInt8(ascii: "\\"):
        position = min(position + 2, bytes.count)
      default:
        position += 1
      }
    }
    throw SyntaxError(
      message: "string without closing quote", span: Span(start: start, end: start + 1), help: "close it with \"")
  }

  private mutating func symbol(from start: Int) throws(SyntaxError) -> Token {
    let first = String(decoding: bytes[start..<start + 1], as: UTF8.self)
    let two = String(decoding: bytes[start..<min(start + 2, bytes.count)], as: UTF8.self)
    if dialect == .schema, let symbol = Token.Symbol(inSchema: first) {
      position += 1
      return token(.symbol(symbol), from: start)
    }
    if let symbol = Token.Symbol(rawValue: two), two.utf8.count == 2 {
      position += 2
      return token(.symbol(symbol), from: start)
    }
    if let symbol = Token.Symbol(rawValue: first), symbol != .assign {
      position += 1
      return token(.symbol(symbol), from: start)
    }
    let scalar = scalar(at: start) ?? "?"
    throw SyntaxError(
      message: "unexpected `\(scalar)`", span: Span(start: start, end: start + UTF8.width(scalar)),
      help: Self.hint(for: scalar, two))
  }

  private static func hint(for scalar: Unicode.Scalar, _ two: String) -> String? {
    switch scalar {
    case "=": "compare with =="
    case "&": "join conditions with &&"
    case "|": "join conditions with ||"
    case "'": "strings stand in double quotes"
    case "/": two == "/*" ? "a comment starts with // and ends with the line" : "there is no division"
    case "%": "there is no remainder operator"
    case _ where !scalar.isASCII: "outside strings and comments only ASCII is allowed"
    default: nil
    }
  }
}

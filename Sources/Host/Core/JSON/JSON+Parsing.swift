/// Why a text is not acceptable JSON, and where.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case syntax = "json_syntax"
    case encoding = "json_encoding"
    case duplicateKey = "json_duplicate_key"
    case tooDeep = "json_too_deep"
    case number = "json_number"
  }

  package let code: Code
  /// Byte offset from 0.
  package let offset: Int
  package let reason: String

  package var description: String { "\(reason) at byte \(offset)" }
}

extension JSON {
  /// Nesting that input may have at most.
  package static let maximumDepth = 32

  /// Parses a whole text, strictly: UTF-8 without byte-order mark, no duplicate keys, no lone surrogates, finite numbers,
  /// at most `maximumDepth` levels, nothing but white space after the value.
  ///
  /// Two parsers that read a repeated key differently would let one part of the host decide on what another never sees;
  /// therefore everything from outside comes through here and nowhere else.
  package init(parsing bytes: some Sequence<UInt8>) throws(JSONError) {
    var parser = JSONParser(bytes: Array(bytes))
    self = try parser.parseDocument()
  }

  package init(parsing text: String) throws(JSONError) {
    try self.init(parsing: text.utf8)
  }
}

private struct JSONParser {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  func failure(_ code: JSONError.Code, _ reason: String, at offset: Int? = nil) -> JSONError {
    JSONError(code: code, offset: offset ?? position, reason: reason)
  }

  mutating func parseDocument() throws(JSONError) -> JSON {
    let value = try parseValue(depth: 0)
    skipWhitespace()
    guard position == bytes.count else { throw failure(.syntax, "unexpected text after the value") }
    return value
  }

  mutating func skipWhitespace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  func peek() -> UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    position += 1
    return true
  }

  mutating func parseValue(depth: Int) throws(JSONError) -> JSON {
    guard depth <= JSON.maximumDepth else { throw failure(.tooDeep, "nested deeper than \(JSON.maximumDepth) levels") }
    skipWhitespace()
    guard let byte = peek() else { throw failure(.syntax, "the text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): return try parseObject(depth: depth)
    case UInt8(ascii: "["): return try parseArray(depth: depth)
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try parseNumber()
    default: throw failure(.syntax, "unexpected byte where a value is expected")
    }
  }

  mutating func parseWord(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
    guard bytes[position...].starts(with: expected) else { throw failure(.syntax, "misspelt literal") }
    position += expected.count
    return value
  }

  mutating func parseObject(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var members: [String: JSON] = [:]
    // Swift compares strings by canonical equivalence; JSON keys are equal only scalar by scalar. Keys that
    // collide only by equivalence are refused too, because a dictionary could hold just one of them.
    skipWhitespace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipWhitespace()
      let start = position
      guard peek() == UInt8(ascii: "\"") else { throw failure(.syntax, "expected a quoted key") }
      let key = try parseString()
      skipWhitespace()
      guard take(UInt8(ascii: ":")) else { throw failure(.syntax, "expected ':' after the key") }
      let value = try parseValue(depth: depth + 1)
      guard members.updateValue(value, forKey: key) == nil else {
        throw failure(.duplicateKey, "key given twice", at: start)
      }
      skipWhitespace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw failure(.syntax, "expected ',' or '}'") }
    }
  }

  mutating func parseArray(depth: Int) throws(JSONError) -> JSON {
    position += 1
    var elements: [JSON] = []
    skipWhitespace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try parseValue(depth: depth + 1))
      skipWhitespace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw failure(.syntax, "expected ',' or ']'") }
    }
  }

  mutating func parseString() throws(JSONError) -> String {
    position += 1
    let start = position
    var unescaped: [UInt8] = []
    var run = position
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        // Most strings hold no escape and need no copy.
        let isPlain = unescaped.isEmpty
        if !isPlain { unescaped.append(contentsOf: bytes[run..<position]) }
        let end = position
        position += 1
        let validated =
          isPlain ? String(validating: bytes[run..<end], as: UTF8.self) : String(validating: unescaped, as: UTF8.self)
        guard let text = validated else {
          throw failure(.encoding, "string is not valid UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"):
        unescaped.append(contentsOf: bytes[run..<position])
        position += 1
        unescaped.append(contentsOf: try parseEscape())
        run = position
      case 0..<0x20: throw failure(.syntax, "control character inside a string must be escaped")
      default: position += 1
      }
    }
    throw failure(.syntax, "string without closing quote", at: start - 1)
  }

  mutating func parseEscape() throws(JSONError) -> [UInt8] {
    guard let byte = peek() else { throw failure(.syntax, "the text ends inside an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return Array(String(Character(try parseEscapedScalar())).utf8)
    default: throw failure(.syntax, "unknown escape", at: position - 2)
    }
  }

  mutating func parseEscapedScalar() throws(JSONError) -> Unicode.Scalar {
    let start = position - 2
    let first = try parseHexQuad()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xd800..<0xdc00).contains(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw failure(.encoding, "lone surrogate", at: start)
    }
    let second = try parseHexQuad()
    guard (0xdc00..<0xe000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    else { throw failure(.encoding, "lone surrogate", at: start) }
    return scalar
  }

  mutating func parseHexQuad() throws(JSONError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw failure(.syntax, "expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  mutating func parseNumber() throws(JSONError) -> JSON {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let integerDigits = takeDigits()
    guard integerDigits > 0 else { throw failure(.syntax, "expected a digit") }
    let firstDigit = bytes[position - integerDigits]
    guard firstDigit != UInt8(ascii: "0") || integerDigits == 1 else {
      throw failure(.syntax, "number with a leading zero", at: start)
    }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      guard takeDigits() > 0 else { throw failure(.syntax, "expected a digit after '.'") }
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard takeDigits() > 0 else { throw failure(.syntax, "expected a digit in the exponent") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard position - start <= 64, let value = Double(text), value.isFinite else {
      throw failure(.number, "number out of range", at: start)
    }
    return .double(value)
  }

  mutating func takeDigits() -> Int {
    let start = position
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }
}

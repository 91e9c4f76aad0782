extension JSON {
  /// The value as JSON text, keys in order. What JSON cannot hold (infinity, not a number) becomes null.
  public var text: String {
    var output = ""
    write(into: &output)
    return output
  }

  private func write(into output: inout String) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .integer(let value): output += "\(value)"
    case .double(let value): output += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.write(value, into: &output)
    case .array(let elements):
      output += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { output += "," }
        element.write(into: &output)
      }
      output += "]"
    case .object(let members):
      output += "{"
      for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { output += "," }
        Self.write(member.key, into: &output)
        output += ":"
        member.value.write(into: &output)
      }
      output += "}"
    }
  }

  private static func write(_ text: String, into output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case "\u{0}"..<"\u{20}": output += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }

  /// Reads one JSON value. The host only hands over valid JSON; this checks for itself all the same.
  public init(parsing bytes: UnsafeRawBufferPointer) throws(SkillError) {
    var parser = JSONParser(bytes: bytes)
    self = try parser.value(depth: 0)
    guard parser.isAtEnd else { throw JSONParser.malformed }
  }
}

private struct JSONParser {
  static let malformed = SkillError(code: 9, "malformed JSON")
  private static let deepest = 128

  let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return position == bytes.count
    }
  }

  mutating func value(depth: Int) throws(SkillError) -> JSON {
    skipSpace()
    guard depth < Self.deepest, let first = peek else { throw Self.malformed }
    switch first {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard peek == byte else { return false }
    position += 1
    return true
  }

  private mutating func word(_ text: StaticString, _ value: JSON) throws(SkillError) -> JSON {
    for index in 0..<text.utf8CodeUnitCount {
      guard peek == text.utf8Start[index] else { throw Self.malformed }
      position += 1
    }
    return value
  }

  private mutating func number() throws(SkillError) -> JSON {
    let start = position
    var isInteger = true
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"), UInt8(ascii: "+"): isInteger = false
      default:
        return try Self.number(
          String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self), isInteger)
      }
      position += 1
    }
    return try Self.number(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self), isInteger)
  }

  private static func number(_ text: String, _ isInteger: Bool) throws(SkillError) -> JSON {
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw malformed }
    return .double(value)
  }

  private mutating func array(_ depth: Int) throws(SkillError) -> JSON {
    position += 1
    var elements: [JSON] = []
    if take(UInt8(ascii: "]")) { return .array([]) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw Self.malformed }
    return .array(elements)
  }

  private mutating func object(_ depth: Int) throws(SkillError) -> JSON {
    position += 1
    var members: [String: JSON] = [:]
    if take(UInt8(ascii: "}")) { return .object([:]) }
    repeat {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw Self.malformed }
      let key = try string()
      guard take(UInt8(ascii: ":")) else { throw Self.malformed }
      members[key] = try value(depth: depth + 1)
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw Self.malformed }
    return .object(members)
  }

  private mutating func string() throws(SkillError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = peek {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw Self.malformed }
        return string
      case UInt8(ascii: "\\"): text += try escape()
      case 0..<0x20: throw Self.malformed
      default: text.append(byte)
      }
    }
    throw Self.malformed
  }

  private mutating func escape() throws(SkillError) -> [UInt8] {
    guard let byte = peek else { throw Self.malformed }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try codeUnit()
      if (0xd800..<0xdc00).contains(code) {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw Self.malformed }
        let low = try codeUnit()
        guard (0xdc00..<0xe000).contains(low) else { throw Self.malformed }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw Self.malformed }
      return Array(String(Character(scalar)).utf8)
    default: throw Self.malformed
    }
  }

  private mutating func codeUnit() throws(SkillError) -> UInt32 {
    guard position + 4 <= bytes.count,
      let code = UInt32(
        String(decoding: UnsafeRawBufferPointer(rebasing: bytes[position..<position + 4]), as: UTF8.self), radix: 16)
    else { throw Self.malformed }
    position += 4
    return code
  }
}

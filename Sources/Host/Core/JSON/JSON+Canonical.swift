extension JSON {
  /// The canonical text of RFC 8785: no white space, keys in UTF-16 order, shortest numbers. Digests are made of this.
  ///
  /// Integers beyond 2^53 are written in full where RFC 8785 would round them: two different ids must not share a digest.
  package var canonical: String {
    String(decoding: canonicalBytes, as: UTF8.self)
  }

  /// `canonical`, as UTF-8.
  package var canonicalBytes: [UInt8] {
    var output: [UInt8] = []
    write(into: &output)
    return output
  }

  private func write(into output: inout [UInt8]) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): output.append(contentsOf: String(value).utf8)
    case .double(let value): output.append(contentsOf: Self.canonicalNumber(value).utf8)
    case .string(let value): Self.write(value, into: &output)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        element.write(into: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      let sorted = members.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) }
      for (index, member) in sorted.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        Self.write(member.key, into: &output)
        output.append(UInt8(ascii: ":"))
        member.value.write(into: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, into output: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): output.append(contentsOf: "\\\"".utf8)
      case UInt8(ascii: "\\"): output.append(contentsOf: "\\\\".utf8)
      case 0x08: output.append(contentsOf: "\\b".utf8)
      case 0x09: output.append(contentsOf: "\\t".utf8)
      case 0x0a: output.append(contentsOf: "\\n".utf8)
      case 0x0c: output.append(contentsOf: "\\f".utf8)
      case 0x0d: output.append(contentsOf: "\\r".utf8)
      case 0..<0x20: output.append(contentsOf: Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 0xf)]])
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  /// ECMAScript's Number::toString, which RFC 8785 §3.2.2.3 prescribes.
  private static func canonicalNumber(_ value: Double) -> String {
    if value == 0 { return "0" }
    let sign = value < 0 ? "-" : ""
    // Swift prints the shortest digits that read back, as ECMAScript does; only the placement of the point differs.
    var digits = ""
    var exponent = 0
    var text = Substring("\(value.magnitude)")
    if let mark = text.firstIndex(of: "e") {
      exponent = Int(text[text.index(after: mark)...]) ?? 0
      text = text[..<mark]
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    digits = parts.joined()
    var point = (parts.first?.count ?? 0) + exponent
    let leadingZeros = digits.prefix { $0 == "0" }.count
    digits = String(digits.dropFirst(leadingZeros))
    point -= leadingZeros
    while digits.last == "0" { digits.removeLast() }
    let count = digits.count
    switch point {
    case count...21: return sign + digits + String(repeating: "0", count: point - count)
    case 1..<max(count, 1) where point <= 21: return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    case -5...0: return sign + "0." + String(repeating: "0", count: -point) + digits
    default:
      let power = point - 1
      let mantissa = count == 1 ? digits : "\(digits.prefix(1)).\(digits.dropFirst())"
      return sign + mantissa + "e" + (power < 0 ? "-" : "+") + String(power.magnitude)
    }
  }
}

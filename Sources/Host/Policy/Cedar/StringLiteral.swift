/// Reads the escapes of string literals and of `like` patterns.
enum StringLiteral {
  /// The text between the quotes at `span`.
  static func text(of bytes: [UInt8], at span: Span) throws(SyntaxError) -> Text {
    var scalars = String.UnicodeScalarView()
    try read(bytes, at: span, isPattern: false) {
      scalars.append($0)
    } wildcard: {
    }
    return Text(String(scalars))
  }

  /// The pattern between the quotes: `*` stands for any text, `\*` for itself.
  static func pattern(of bytes: [UInt8], at span: Span) throws(SyntaxError) -> Pattern {
    var pieces: [[UInt8]] = [[]]
    try read(bytes, at: span, isPattern: true) {
      pieces[pieces.count - 1] += UTF8.encode($0).map { Array($0) } ?? []
    } wildcard: {
      pieces.append([])
    }
    return Pattern(pieces: pieces)
  }

  private static func read(
    _ bytes: [UInt8], at span: Span, isPattern: Bool, scalar: (Unicode.Scalar) -> Void, wildcard: () -> Void
  ) throws(SyntaxError) {
    let body = String(decoding: bytes[span.start + 1..<span.end - 1], as: UTF8.self)
    var rest = body.unicodeScalars[...]
    while let first = rest.popFirst() {
      switch first {
      case "*" where isPattern:
        wildcard()
      case "\r":
        let offset = span.end - 1 - rest.reduce(0) { $0 + UTF8.width($1) } - 1
        throw SyntaxError(
          message: "carriage return inside a string", span: Span(start: offset, end: offset + 1), help: "write \\r or \\n")
      case "\\":
        let before = rest
        let offset = span.end - 1 - rest.reduce(0) { $0 + UTF8.width($1) } - 1
        guard let value = escape(&rest, isPattern: isPattern) else {
          let width = before.first.map { UTF8.width($0) } ?? 0
          throw SyntaxError(
            message: "unknown escape", span: Span(start: offset, end: offset + 1 + width),
            help: "known escapes: \\n \\r \\t \\\\ \\0 \\\" \\' \\x41 \\u{1f600}" + (isPattern ? " \\*" : ""))
        }
        // As official Cedar has it, only `\*` is the star itself: `\x2a` in a pattern is a wildcard.
        if isPattern, value == "*", before.first != "*" { wildcard() } else { scalar(value) }
      default:
        scalar(first)
      }
    }
  }

  private static func escape(_ rest: inout String.UnicodeScalarView.SubSequence, isPattern: Bool) -> Unicode.Scalar? {
    switch rest.popFirst() {
    case "n": "\n"
    case "r": "\r"
    case "t": "\t"
    case "0": "\0"
    case "\\": "\\"
    case "\"": "\""
    case "'": "'"
    case "*" where isPattern: "*"
    case "x": byteEscape(&rest)
    case "u": scalarEscape(&rest)
    default: nil
    }
  }

  /// `\x41`: two digits, ASCII only.
  private static func byteEscape(_ rest: inout String.UnicodeScalarView.SubSequence) -> Unicode.Scalar? {
    guard let high = rest.popFirst().flatMap(hexDigit), let low = rest.popFirst().flatMap(hexDigit), high < 8 else { return nil }
    return Unicode.Scalar(high << 4 | low)
  }

  /// `\u{1f600}`: one to six digits; `_` may stand between them.
  private static func scalarEscape(_ rest: inout String.UnicodeScalarView.SubSequence) -> Unicode.Scalar? {
    guard rest.popFirst() == "{" else { return nil }
    var value: UInt32 = 0
    var digits = 0
    while let next = rest.popFirst() {
      if next == "}" { return digits > 0 ? Unicode.Scalar(value) : nil }
      if next == "_", digits > 0 { continue }
      guard let digit = hexDigit(next), digits < 6 else { return nil }
      value = value << 4 | digit
      digits += 1
    }
    return nil
  }

  private static func hexDigit(_ scalar: Unicode.Scalar) -> UInt32? {
    scalar.isASCII ? Character(scalar).hexDigitValue.map(UInt32.init) : nil
  }
}

/// Finds words that are written in letters of several scripts: `аdmin` with a Cyrillic `а` looks like `admin` and is not.
enum MixedScript {
  /// Scripts with letters that look like those of another.
  private enum Script: String {
    case latin = "Latin"
    case greek = "Greek"
    case cyrillic = "Cyrillic"
    case armenian = "Armenian"
    case cherokee = "Cherokee"
    case coptic = "Coptic"
    case wide = "full-width"

    /// Nil for whatever looks like nothing but itself.
    init?(_ scalar: Unicode.Scalar) {
      guard scalar.properties.isAlphabetic else { return nil }
      switch scalar.value {
      case 0x41...0x5a, 0x61...0x7a, 0xc0...0x24f, 0x250...0x2af, 0x1e00...0x1eff, 0x2c60...0x2c7f, 0xa720...0xa7ff: self = .latin
      case 0x370...0x3e1, 0x3f0...0x3ff, 0x1f00...0x1fff: self = .greek
      case 0x3e2...0x3ef, 0x2c80...0x2cff: self = .coptic
      case 0x400...0x52f, 0x1c80...0x1c8f, 0x2de0...0x2dff, 0xa640...0xa69f: self = .cyrillic
      case 0x531...0x58f: self = .armenian
      case 0x13a0...0x13ff, 0xab70...0xabbf: self = .cherokee
      case 0xff21...0xff3a, 0xff41...0xff5a: self = .wide
      default: return nil
      }
    }
  }

  /// The texts of a file of rules with such a word.
  static func problems(in source: SourceFile) -> [PolicyProblem] {
    // What cannot be cut into tokens was reported before.
    guard let tokens = try? Lexer.tokens(of: source.bytes, as: .house) else { return [] }
    return tokens.compactMap { token in
      guard token.kind == .string, let text = text(of: token, in: source), let scripts = mixture(in: text) else { return nil }
      return source.problem(
        "letters of different scripts in one word: \(scripts.joined(separator: " and "))", at: token.span,
        help: "write it in one script; letters that look alike are not equal", code: .mixedScript)
    }
  }

  private static func text(of token: Token, in source: SourceFile) -> String? {
    if let text = try? StringLiteral.text(of: source.bytes, at: token.span) { return text.string }
    // A pattern: `\*` is no escape elsewhere.
    return String(decoding: source.bytes[token.span.start..<token.span.end], as: UTF8.self)
  }

  /// Scripts of the first word that has several.
  static func mixture(in text: String) -> [String]? {
    var word: [Script] = []
    for scalar in text.unicodeScalars {
      if let script = Script(scalar) {
        if !word.contains(script) { word.append(script) }
      } else if !scalar.properties.isAlphabetic {
        if word.count > 1 { break }
        word = []
      }
    }
    return word.count > 1 ? word.map(\.rawValue) : nil
  }
}

import Core

extension QQSendRequest {
  /// The text with every `<` that could open a tag replaced by its full-width form: what we repeat of somebody's words
  /// must not become a mention or a button. A `<` before a space or a digit opens nothing and stays.
  static func plain(_ text: String, in kind: Scene.Kind) -> String {
    var scalars = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      let opensTag = scalar == "<" && rest.first.map { !($0.properties.isWhitespace || ("0"..."9").contains($0)) } ?? false
      scalars.append(opensTag ? "\u{ff1c}" : scalar)
    }
    let plain = String(scalars)
    // Guilds also read this bare word as a call to all.
    return kind == .guild ? plain.replacing("@everyone", with: "\u{ff20}everyone") : plain
  }

  /// Whether the text would look the same as markup: what admins decide on must not lose a character to emphasis or a link.
  static func isSameAsMarkup(_ text: String) -> Bool {
    text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).allSatisfy { line in
      let body = line.drop { $0 == " " }
      guard line.count - body.count < 4, !startsBlock(body) else { return false }
      var (last, rest) = (Character?.none, body)
      while let character = rest.popFirst() {
        switch character {
        case "*", "`", "~", "\\", "|", "<", "\t": return false
        // Inside a word it is no emphasis.
        case "_": if !isWordPart(last) || !isWordPart(rest.first) { return false }
        case "]": if "([:".contains(rest.first ?? " ") { return false }
        case "&": if rest.drop(while: { $0 == "#" || $0.isLetter || $0.isNumber }).first == ";" { return false }
        default: break
        }
        last = character
      }
      return true
    }
  }

  /// Whether a line begins a heading, quotation, list or rule.
  private static func startsBlock(_ line: Substring) -> Bool {
    guard let first = line.first else { return false }
    if "#>=".contains(first) { return true }
    if "-+".contains(first) { return line.dropFirst().first.map { $0 == " " || $0 == first } ?? true }
    let number = line.prefix { $0.isASCII && $0.isNumber }
    let rest = line.dropFirst(number.count)
    return !number.isEmpty && ".)".contains(rest.first ?? " ") && rest.dropFirst().first ?? " " == " "
  }

  private static func isWordPart(_ character: Character?) -> Bool {
    character.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") } ?? false
  }

  /// The text with nothing in it that the platform takes for a link: `https：//example．com`.
  static func unlinked(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    var last: Unicode.Scalar?
    var isInLink = false
    while let scalar = rest.popFirst() {
      if scalar.properties.isWhitespace || !scalar.isASCII { isInLink = false }
      let next = rest.first
      switch scalar {
      case ":" where rest.starts(with: "//".unicodeScalars):
        isInLink = true
        scalars.append("\u{ff1a}")
      case "." where isInLink || joinsName(last, next): scalars.append("\u{ff0e}")
      default: scalars.append(scalar)
      }
      last = scalar
    }
    return String(scalars)
  }

  /// Whether a dot between these may belong to a host name; `3.14` is none.
  private static func joinsName(_ before: Unicode.Scalar?, _ after: Unicode.Scalar?) -> Bool {
    guard let before, let after else { return false }
    return before.properties.isAlphabetic || before.properties.numericType != nil || before == "-" || before == "_"
      ? after.properties.isAlphabetic : false
  }
}

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

  /// Plain text as markup that shows it: what could become a link or an image stays text.
  static func markdown(quoting text: String) -> String {
    var quoted = ""
    var last: Character?
    for character in text {
      if last == "]", "([:".contains(character) { quoted.append(" ") }
      quoted.append(character)
      last = character
    }
    return quoted
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

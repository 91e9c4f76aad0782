/// Which alphabet a letter or digit belongs to, as far as it matters for words that look like others.
///
/// Taken from the character's name in Unicode, whose first word is its script: CYRILLIC SMALL LETTER A.
package enum ShownScript: Hashable, Sendable {
  case latin
  /// Han, kana, Hangul, Bopomofo: written together, with Latin words between them, all the time.
  case eastAsian
  /// Any other, by the first word of its name: `GREEK`, but also `FULLWIDTH` and `MATHEMATICAL`, which look like Latin and are not.
  case other(String)

  /// Nil for what belongs to every alphabet: signs, spaces, ASCII digits.
  package init?(_ scalar: Unicode.Scalar) {
    let properties = scalar.properties
    if scalar.isASCII {
      guard properties.isAlphabetic else { return nil }
      self = .latin
      return
    }
    guard properties.isAlphabetic || properties.generalCategory == .decimalNumber else { return nil }
    let word = properties.name.map { String($0.prefix { $0 != " " && $0 != "-" }) } ?? ""
    switch word {
    case "LATIN": self = .latin
    case "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "HALFWIDTH": self = .eastAsian
    default: self = .other(word)
    }
  }
}

/// Text that a skill or a model wrote, before it is said in the robot's name.
///
/// People, and other bots, take what the robot says about approvals for its own word. A line of somebody else's that reads like one is
/// said as what it is: with its author before it.
package enum ForeignText {
  /// The text with `skill says: ` before every line that reads like a word of the robot about approvals, or like one to it.
  package static func defused(_ text: String, by author: String = "skill") -> String {
    var result = ""
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd) {
      if line.startIndex > text.startIndex { result.append(text[text.index(before: line.startIndex)]) }
      if readsLikeApproval(line) { result += "\(author) says: " }
      result += line
    }
    return result
  }

  private static let words = ["approval", "approve", "deny", "enroll", "resolve"]

  private static func isLineEnd(_ character: Character) -> Bool { character.isNewline }

  private static func readsLikeApproval(_ line: Substring) -> Bool {
    var rest = folded(line)[...]
    while true {
      let before = rest.count
      rest = rest.drop(while: isDecoration)
      rest = afterMention(rest)
      if rest.count == before { break }
    }
    guard let first = rest.first, first == "/" || first == "[" else { return false }
    let word = rest.drop { isDecoration($0) || $0 == "/" || $0 == "[" }.prefix { isWordPart($0) }
    if words.contains(where: { word.elementsEqual($0.unicodeScalars) }) { return true }
    // A letter of another alphabet stands there to look like one of ours.
    return word.contains { !$0.isASCII && $0.properties.isAlphabetic && ShownScript($0) != .eastAsian }
  }

  /// In lower case, wide forms as narrow ones, every bracket as `[`, without what nobody sees.
  private static func folded(_ line: Substring) -> [Unicode.Scalar] {
    var scalars: [Unicode.Scalar] = []
    for scalar in line.unicodeScalars where !isInvisible(scalar) {
      var narrow = scalar
      if (0xFF01...0xFF5E).contains(scalar.value) {
        narrow = Unicode.Scalar(scalar.value - 0xFEE0) ?? scalar
      } else if scalar.properties.generalCategory == .openPunctuation {
        narrow = "["
      }
      scalars += narrow.properties.lowercaseMapping.unicodeScalars
    }
    return scalars
  }

  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.properties.isDefaultIgnorableCodePoint || scalar.value == 0x2800 { return true }
    switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .unassigned, .nonspacingMark, .enclosingMark: return true
    default: return false
    }
  }

  /// Spaces, and what marks a quotation, a list or emphasis.
  private static func isDecoration(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.properties.isWhitespace { return true }
    if "/[@<".unicodeScalars.contains(scalar) { return false }
    switch scalar.properties.generalCategory {
    case .dashPunctuation, .initialPunctuation, .finalPunctuation, .openPunctuation, .closePunctuation, .otherPunctuation,
      .connectorPunctuation, .mathSymbol, .modifierSymbol, .otherSymbol:
      return true
    default: return false
    }
  }

  /// Without one mention at the beginning: `@name`, `<@id>`, `[CQ:at,qq=1]`.
  private static func afterMention(_ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
    if text.first == "@" { return text.drop { !$0.properties.isWhitespace } }
    if text.first == "<" { return text.firstIndex(of: ">").map { text[($0 + 1)...] } ?? text.dropFirst() }
    guard text.starts(with: "[cq:".unicodeScalars), let end = text.firstIndex(of: "]") else { return text }
    return text[(end + 1)...]
  }

  private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || scalar.properties.numericType != nil
  }
}

extension ToolError {
  /// The message as it may be said in a chat: part of it may be the skill's.
  package var said: String { ForeignText.defused(message) }
}

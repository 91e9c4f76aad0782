import SwiftSyntax

/// The doc comment of a function: its first paragraph, and what it says of parameters.
struct DocComment {
  private(set) var summary = ""
  private(set) var parameters: [String: String] = [:]

  init(_ trivia: Trivia) {
    var isFirstParagraph = true
    var current: String?
    var isListed = false
    for line in Self.lines(trivia) {
      let text = Self.trimmed(line)
      if let item = Self.item(text, "- Parameter ") {
        (current, isFirstParagraph, isListed) = (item.name, false, false)
        parameters[item.name] = item.text
      } else if text == "- Parameters:" {
        (current, isFirstParagraph, isListed) = (nil, false, true)
      } else if isListed, let item = Self.item(text, "- "), line.first == " " {
        current = item.name
        parameters[item.name] = item.text
      } else if text.hasPrefix("- ") {
        (current, isFirstParagraph, isListed) = (nil, false, false)
      } else if text.isEmpty {
        current = nil
        if !summary.isEmpty { isFirstParagraph = false }
      } else if let name = current {
        parameters[name] = [parameters[name] ?? "", text].filter { !$0.isEmpty }.joined(separator: " ")
      } else if isFirstParagraph {
        summary += (summary.isEmpty ? "" : " ") + text
      }
    }
  }

  /// The lines of the last comment, without the marks of a comment and one space after them.
  private static func lines(_ trivia: Trivia) -> [Substring] {
    var lines: [Substring] = []
    for piece in trivia {
      switch piece {
      case .docLineComment(let text):
        let line = text.dropFirst(3)
        lines.append(line.first == " " ? line.dropFirst() : line)
      case .docBlockComment(let text):
        lines = text.dropFirst(3).dropLast(2).split(separator: "\n", omittingEmptySubsequences: false).map { line in
          let line = line.drop { $0 == " " }
          let bare = line.first == "*" ? line.dropFirst() : line
          return bare.first == " " ? bare.dropFirst() : bare
        }
      default: break
      }
    }
    return lines
  }

  private static func item(_ text: String, _ mark: String) -> (name: String, text: String)? {
    guard text.hasPrefix(mark), let colon = text.firstIndex(of: ":") else { return nil }
    let name = trimmed(text[..<colon].dropFirst(mark.count))
    return name.contains(" ") ? nil : (name, trimmed(text[text.index(after: colon)...]))
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var text = Substring(text)
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}

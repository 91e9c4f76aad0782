import Core
import Crypto
package import Storage

/// The arguments of a write call, as people read them before they decide: all of them, and nothing cut without a word about it.
package struct ShownArguments: Sendable {
  /// Scalars of one value on the card; of a longer one its beginning and its end are shown, with its length and digest.
  private static let shownScalars = 400
  /// Scalars of a page: with what stands around it one message of every platform.
  private static let pageScalars = 1_500
  /// What is longer is not judged in chat.
  package static let mostPages = 4

  /// Everything, in pages; at least one.
  package let pages: [String]
  /// The lines of the card.
  package let onCard: [String]

  package init(of call: WriteCall) {
    let members = (call.arguments.object ?? [:]).sorted { $0.key < $1.key }
    pages = Self.pages(of: members.map { Self.line($0.key, Self.whole($0.value)) })
    var lines = members.map { Self.line($0.key, Self.brief($0.value)) }
    if members.isEmpty { lines = ["  no arguments"] }
    let isWhole = members.allSatisfy { !Self.isLong($0.value) }
    switch pages.count {
    case ...Self.mostPages: if !isWhole { lines.append("  read it whole: /show \(call.code)" + Self.numbers(pages.count)) }
    default:
      let fitting = Self.fitting(lines)
      let rest = lines.count - fitting
      lines = lines.prefix(fitting) + (rest > 0 ? ["  and \(rest) more arguments"] : [])
      lines.append("  \(pages.count) pages, too long to be approved in chat: openclaw approvals show \(call.code)")
    }
    onCard = lines
  }

  /// Whether somebody who reads it in a chat can be expected to have seen it all.
  package var fitChat: Bool { pages.count <= Self.mostPages }

  private static func numbers(_ count: Int) -> String { count == 1 ? "" : " 1 to \(count)" }

  private static func line(_ key: String, _ value: String) -> String { "  \(ShownText.identifier(key)) = \(value)" }

  private static func isLong(_ value: JSON) -> Bool { plain(value).unicodeScalars.count > shownScalars }

  /// A string stands for itself, so that what is shown are its characters; everything else as JSON.
  private static func plain(_ value: JSON) -> String { value.string ?? value.canonical }

  private static func whole(_ value: JSON) -> String { shown(value, limit: .max) }

  private static func brief(_ value: JSON) -> String {
    guard isLong(value) else { return whole(value) }
    let digest = SHA256.hash(data: Array(plain(value).utf8)).hexadecimal
    return shown(value, limit: shownScalars) + " (\(plain(value).unicodeScalars.count) characters, sha256 \(digest.prefix(16)))"
  }

  private static func shown(_ value: JSON, limit: Int) -> String {
    guard let string = value.string else { return ShownText.escape(value.canonical, limit: limit) }
    let quoted = string.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"" + ShownText.escape(quoted, limit: limit) + "\""
  }

  /// How many of the lines have room on one page.
  private static func fitting(_ lines: [String]) -> Int {
    var room = pageScalars
    return lines.prefix { line in
      room -= line.unicodeScalars.count + 1
      return room >= 0
    }.count
  }

  private static func pages(of lines: [String]) -> [String] {
    guard !lines.isEmpty else { return ["  no arguments"] }
    var pages: [String] = []
    var rest = Array(lines.joined(separator: "\n").unicodeScalars)[...]
    while !rest.isEmpty {
      var page = rest.prefix(pageScalars)
      // Between lines where that leaves no page half empty.
      if page.endIndex < rest.endIndex, let end = page.lastIndex(of: "\n"), end - page.startIndex > pageScalars / 2 {
        page = rest[page.startIndex...end]
      }
      rest = rest[page.endIndex...]
      pages.append(String(String.UnicodeScalarView(page)))
    }
    return pages
  }
}

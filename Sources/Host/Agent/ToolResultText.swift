package import Core

/// A tool's result as people read it in a chat.
package enum ToolResultText {
  /// Scalars of one answer at most.
  private static let limit = 4_000

  /// A string stands for itself; everything else is shown as JSON.
  package static func text(of result: JSON) -> String {
    let text = ForeignText.defused(result.string ?? result.canonical)
    guard text.unicodeScalars.count > limit else { return text.isEmpty ? "(empty)" : text }
    let hidden = text.unicodeScalars.count - limit
    return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "\n…(\(hidden) more characters)"
  }
}

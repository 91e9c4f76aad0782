import TestSupport
import Testing

@testable import Core

@Suite("A text that is too long for one message")
struct TextSplitterTests {
  @Test(
    "is cut where a reader would pause",
    arguments: [
      ("one two three four", 10, ["one two ", "three four"]),
      ("First one. Second one.", 14, ["First one. ", "Second one."]),
      ("line one\nline two\nlast", 12, ["line one\n", "line two\n", "last"]),
      ("para one\n\npara two", 12, ["para one\n\n", "para two"]),
      ("你好。再见。谢谢。", 6, ["你好。再见。", "谢谢。"]),
      ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
      ("short", 10, ["short"]),
      ("", 10, [""]),
    ])
  func pauses(text: String, limit: Int, expected: [String]) {
    #expect(TextSplitter.pieces(of: text, limit: limit) == expected)
  }

  @Test("keeps a code fence whole when it fits into the next message")
  func wholeFence() {
    let text = "some words before it\n```swift\nlet x = 1\nlet y = 2\n```\nafter"
    #expect(
      TextSplitter.pieces(of: text, limit: 44)
        == ["some words before it\n", "```swift\nlet x = 1\nlet y = 2\n```\nafter"])
  }

  @Test("closes a long code fence at the cut and opens it again with its info string")
  func longFence() {
    let lines = (1...6).map { "line number \($0)" }
    let text = "```swift\n" + lines.joined(separator: "\n") + "\n```\n"
    let pieces = TextSplitter.pieces(of: text, limit: 60)
    #expect(pieces.count > 1)
    for piece in pieces {
      #expect(piece.hasPrefix("```swift\n"))
      #expect(piece.hasSuffix("```") || piece.hasSuffix("```\n"))
    }
  }

  @Test("a grapheme is never torn apart")
  func graphemes() {
    let family = "👨‍👩‍👧‍👦"
    for piece in TextSplitter.pieces(of: String(repeating: family, count: 20), limit: 16) {
      #expect(piece.allSatisfy { String($0) == family })
    }
  }

  @Test("nothing is left out, every piece is within the limit and not empty, and fences are balanced", arguments: 0..<300)
  func property(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let atoms = ["word", " ", "\n", "\n\n", "。", ". ", "长文字", "e\u{301}", "👩‍👧", "x", "\n```swift\n", "\n```\n", "longerword", "`"]
    let withFences = seed.isMultiple(of: 2)
    let text = (0..<Int.random(in: 0...200, using: &random))
      .map { _ in atoms.randomElement(using: &random) ?? "" }
      .filter { withFences || !$0.contains("```") && $0 != "`" }.joined()
    let limit = Int.random(in: 40...120, using: &random)
    let pieces = TextSplitter.pieces(of: text, limit: limit)
    #expect(pieces.allSatisfy { $0.unicodeScalars.count <= limit })
    #expect(pieces.allSatisfy { !$0.isEmpty } || text.isEmpty)
    if !withFences {
      #expect(pieces.joined() == text)
    } else {
      #expect(Self.words(pieces.joined(separator: "\n")) == Self.words(text))
      for piece in pieces.dropLast() { #expect(Self.isBalanced(piece)) }
    }
  }

  /// The text without fence lines and line breaks.
  private static func words(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("```") }.joined()
  }

  private static func isBalanced(_ text: String) -> Bool {
    var isOpen = false
    for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("```") {
      // Inside a fence a line with an info string closes nothing.
      if !isOpen { isOpen = !line.dropFirst(3).contains("`") } else if line.allSatisfy({ $0 == "`" }) { isOpen = false }
    }
    return !isOpen
  }
}

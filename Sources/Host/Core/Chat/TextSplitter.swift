/// Cuts a text into messages that a platform takes: each within a number of Unicode scalars, cut where a reader would pause.
///
/// Nothing is left out: without code fences the pieces joined are the text. A fence stays whole where it fits into one message;
/// else it is closed at the cut and opened again with its info string. A grapheme is cut only when it alone is too long.
package struct TextSplitter {
  private let limit: Int
  private var rest: Substring
  /// The fence that is open where `rest` begins.
  private var open: CodeFence?

  /// - Parameter limit: scalars of one piece; at least 1.
  package init(_ text: String, limit: Int) {
    self.limit = max(1, limit)
    rest = text[...]
  }

  /// All pieces; the text itself when it fits.
  package static func pieces(of text: String, limit: Int) -> [String] {
    if text.utf8.count <= limit { return [text] }
    var splitter = TextSplitter(text, limit: limit)
    var pieces: [String] = []
    while let piece = splitter.next() { pieces.append(piece) }
    return pieces.isEmpty ? [text] : pieces
  }

  /// What was not handed out yet, able to stand alone; nil when nothing is left.
  package var remainder: String? { rest.isEmpty ? nil : reopening + rest }

  /// The next piece; nil at the end.
  package mutating func next() -> String? {
    guard !rest.isEmpty else { return nil }
    let prefix = reopening
    let room = limit - prefix.unicodeScalars.count
    if rest.unicodeScalars.count <= room {
      defer { rest = rest[rest.endIndex...] }
      return prefix + rest
    }
    let cut = Scan(rest, open: open, room: room, limit: limit).bestCut
    let piece = rest[..<cut.index]
    rest = rest[cut.index...]
    open = cut.fence
    guard let fence = cut.fence else { return prefix + piece }
    return prefix + piece + (piece.last?.isNewline == true ? "" : "\n") + fence.mark
  }

  private var reopening: String {
    guard let open else { return "" }
    // An info string must not eat up the message.
    return (open.line.unicodeScalars.count > limit / 4 ? open.mark : open.line) + "\n"
  }
}

/// A code fence that was opened.
private struct CodeFence: Equatable {
  /// The run of back-ticks or tildes.
  let mark: String
  /// The opening line as written.
  let line: String

  /// Scalars that closing it at a cut may cost, line break included.
  var closingCost: Int { mark.unicodeScalars.count + 1 }

  /// The fence after `line`, given the one open before it.
  static func after(_ line: Substring, open: CodeFence?) -> CodeFence? {
    let body = line.drop { $0 == " " }
    guard line.count - body.count <= 3, let sign = body.first, sign == "`" || sign == "~" else { return open }
    let mark = body.prefix { $0 == sign }
    guard mark.count >= 3 else { return open }
    let info = body.dropFirst(mark.count)
    if let open {
      let closes = open.mark.first == sign && mark.count >= open.mark.count && info.allSatisfy(\.isWhitespace)
      return closes ? nil : open
    }
    // Longer marks than anybody writes would not leave room for the text between them.
    guard mark.count <= 8, !info.contains(sign) else { return nil }
    return CodeFence(mark: String(mark), line: String(line))
  }
}

/// One look over the start of a text for the places where it may be cut.
private struct Scan {
  struct Cut {
    var index: String.Index
    /// Scalars before it.
    var size: Int
    var fence: CodeFence?
  }

  /// How good a place is, best first.
  private enum Pause: Int, CaseIterable {
    case paragraph, line, sentence, space, anywhere
  }

  private let text: Substring
  private let limit: Int
  private let room: Int
  /// The last place of each kind within the room.
  private var last: [Pause: Cut] = [:]
  /// Where the fence begins that is open at the end of the room, if it was opened after the start.
  private var fenceStart: Cut?

  init(_ text: Substring, open: CodeFence?, room: Int, limit: Int) {
    self.text = text
    self.limit = limit
    self.room = room
    walk(open)
  }

  private mutating func walk(_ open: CodeFence?) {
    var fence = open
    var size = 0
    var lineStart = Cut(index: text.startIndex, size: 0, fence: open)
    var previous: Character?
    var index = text.startIndex
    while index < text.endIndex {
      let character = text[index]
      size += character.unicodeScalars.count
      guard size <= room else { break }
      index = text.index(after: index)
      if character.isNewline {
        let before = fence
        fence = CodeFence.after(text[lineStart.index..<index].dropLast(), open: fence)
        if before == nil, fence != nil { fenceStart = lineStart.size > 0 ? lineStart : nil }
        if fence == nil { fenceStart = nil }
        lineStart = Cut(index: index, size: size, fence: fence)
      }
      let cost = fence?.closingCost ?? 0
      if size + cost <= room {
        note(Cut(index: index, size: size, fence: fence), after: character, previous: previous)
      }
      previous = character
    }
    // A mark that only begins at the end of the room must not be torn apart.
    if fence == nil, fenceStart == nil, lineStart.size > 0, isFence(at: lineStart.index) { fenceStart = lineStart }
  }

  private mutating func note(_ cut: Cut, after character: Character, previous: Character?) {
    last[.anywhere] = cut
    if character.isNewline {
      last[.line] = cut
      if previous?.isNewline == true, cut.fence == nil { last[.paragraph] = cut }
    } else if cut.fence == nil {
      if "。！？；".contains(character) || character.isWhitespace && ".!?".contains(previous ?? "x") { last[.sentence] = cut }
      if character.isWhitespace { last[.space] = cut }
    }
  }

  private func isFence(at index: String.Index) -> Bool {
    CodeFence.after(text[index...].prefix { !$0.isNewline }, open: nil) != nil
  }

  /// The place to cut: before a fence that is whole in the next message, else the best pause in the second half of the room.
  var bestCut: Cut {
    if let fenceStart, fitsWhole(from: fenceStart.index) { return fenceStart }
    for pause in Pause.allCases {
      if let cut = last[pause], cut.size * 2 >= room || pause == .anywhere { return cut }
    }
    // Not even one grapheme fits.
    let scalars = text.unicodeScalars
    let index = scalars.index(scalars.startIndex, offsetBy: max(1, room), limitedBy: scalars.endIndex) ?? scalars.endIndex
    return Cut(index: index, size: max(1, room), fence: nil)
  }

  /// Whether the fence that begins at `start` is closed within one message.
  private func fitsWhole(from start: String.Index) -> Bool {
    var size = 0
    var fence: CodeFence?
    for line in text[start...].split(maxSplits: limit, omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      size += line.unicodeScalars.count
      guard size <= limit else { return false }
      size += 1
      let wasOpen = fence != nil
      fence = CodeFence.after(line, open: fence)
      if wasOpen && fence == nil { return true }
    }
    // Never closed: it ends with the text.
    return true
  }
}

import Core

/// Makes text from others safe to show on a card: what an admin sees is what will run.
///
/// Characters that are invisible, reorder text, break lines or look like another space become `\u{…}`. A word that mixes alphabets,
/// and an id, path or host with anything but ASCII in it, is followed by the code points that are not ASCII: `раypal⟨U+440 U+430⟩`.
/// Those two brackets stand in no shown text otherwise.
package enum ShownText {
  /// - Parameter limit: scalars shown at most; longer text shows its beginning, its end, and how much is between.
  package static func escape(_ text: String, limit: Int = .max) -> String {
    cut(text, limit, escape)
  }

  /// An id, a name of a tool or argument: everything that is not visible ASCII is spelt out.
  package static func identifier(_ text: String, limit: Int = .max) -> String {
    cut(text, limit) { scalars in
      scalars.reduce(into: "") { shown, scalar in
        if scalar.isASCII, isPlain(scalar) { shown.unicodeScalars.append(scalar) } else { shown += spelt(scalar) }
      }
    }
  }

  private static func cut(_ text: String, _ limit: Int, _ show: (ArraySlice<Unicode.Scalar>) -> String) -> String {
    let scalars = Array(text.unicodeScalars)
    guard scalars.count > limit else { return show(scalars[...]) }
    let half = limit / 2
    let hidden = scalars.count - 2 * half
    return show(scalars.prefix(half)) + "…(\(hidden) more)…" + show(scalars.suffix(half))
  }

  private static func escape(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var shown = ""
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let end = scalars[index...].firstIndex { ShownWord.isPart($0) != ShownWord.isPart(scalars[index]) } ?? scalars.endIndex
      let run = scalars[index..<end]
      shown += spelt(run)
      if let word = ShownWord(run) { shown += word.mark }
      index = end
    }
    return shown
  }

  private static func spelt(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var shown = ""
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let scalar = scalars[index]
      var end = scalars.index(after: index)
      if isPlain(scalar) {
        shown.unicodeScalars.append(scalar)
      } else {
        while end < scalars.endIndex, scalars[end] == scalar { end = scalars.index(after: end) }
        let count = end - index
        shown += spelt(scalar) + (count > 1 ? "·×\(count)" : "")
      }
      index = end
    }
    return shown
  }

  private static func spelt(_ scalar: Unicode.Scalar) -> String { "\\u{\(String(scalar.value, radix: 16))}" }

  static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    // Blank although it counts as a symbol: the empty Braille pattern. The brackets are ours.
    if scalar.value == 0x2800 || scalar == "⟨" || scalar == "⟩" || scalar.properties.isDefaultIgnorableCodePoint { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .surrogate, .unassigned:
      return false
    default: return true
    }
  }
}

/// A word of a shown text that may look like another.
private struct ShownWord {
  /// The code points that are not ASCII, for people who compare.
  let mark: String

  /// Nil when the run is no word, or one that is what it looks like.
  init?(_ scalars: ArraySlice<Unicode.Scalar>) {
    let foreign = scalars.filter { !$0.isASCII && ShownText.isPlain($0) }
    guard !foreign.isEmpty, let first = scalars.first, Self.isPart(first) else { return nil }
    guard Self.mixesScripts(scalars) || Self.isAddress(scalars) else { return nil }
    let most = 32
    let points = foreign.prefix(most).map { "U+" + String($0.value, radix: 16, uppercase: true) }
    mark = "⟨" + points.joined(separator: " ") + (foreign.count > most ? " …" : "") + "⟩"
  }

  /// What stands between words: spaces, quotes, brackets, and the punctuation of sentences.
  static func isPart(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value > 0x20 && !"\"'`,;!?()[]{}<>|*".unicodeScalars.contains(scalar) }
    switch scalar.properties.generalCategory {
    case .openPunctuation, .closePunctuation, .initialPunctuation, .finalPunctuation, .otherPunctuation, .dashPunctuation,
      .spaceSeparator:
      return false
    default: return true
    }
  }

  private static func mixesScripts(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
    var scripts = Set(scalars.compactMap { ShownScript($0) })
    scripts.remove(.eastAsian)
    return scripts.count > 1
  }

  /// Whether it reads like an id, a path or a host: signs within it that words do not have.
  private static func isAddress(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
    if scalars.contains(where: { "/@_".unicodeScalars.contains($0) }) { return true }
    return scalars.dropFirst().dropLast().contains { ".:-\\".unicodeScalars.contains($0) }
  }
}

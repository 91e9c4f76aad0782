/// Makes text from others safe to show on a card: what an admin sees is what will run.
///
/// Characters that are invisible, reorder text, break lines or look like another space become `\u{…}`.
package enum ShownText {
  /// - Parameter limit: scalars shown at most; longer text shows its beginning, its end, and how much is between.
  package static func escape(_ text: String, limit: Int = .max) -> String {
    let scalars = Array(text.unicodeScalars)
    guard scalars.count > limit else { return escape(scalars[...]) }
    let half = limit / 2
    let hidden = scalars.count - 2 * half
    return escape(scalars.prefix(half)) + "…(\(hidden) more)…" + escape(scalars.suffix(half))
  }

  private static func escape(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
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
        shown += "\\u{\(String(scalar.value, radix: 16))}" + (count > 1 ? "·×\(count)" : "")
      }
      index = end
    }
    return shown
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == " " { return true }
    // Blank although it counts as a symbol: the empty Braille pattern.
    if scalar.value == 0x2800 || scalar.properties.isDefaultIgnorableCodePoint { return false }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse, .surrogate, .unassigned:
      return false
    default: return true
    }
  }
}

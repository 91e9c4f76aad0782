extension String {
  /// The text as it may be shown on a terminal: control characters other than the line break appear as `\u{1b}`, so that
  /// a message can neither move the cursor nor forge other output, and directional overrides cannot reorder a card.
  var printable: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0x0a: result.unicodeScalars.append(scalar)
      case 0x09: result += "\\t"
      case 0x0d: result += "\\r"
      case 0..<0x20, 0x7f..<0xa0, 0x202a...0x202e, 0x2066...0x2069: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

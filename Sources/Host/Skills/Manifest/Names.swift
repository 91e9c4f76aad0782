/// The spellings that manifests allow for names.
enum Names {
  /// `tickets.create`, `org.example.tickets-2`: words of lower-case letters, digits, `-` and `_`, joined by dots; a letter first.
  static func isDotted(_ text: String) -> Bool {
    let words = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard let first = text.utf8.first, isLower(first) else { return false }
    return words.allSatisfy { word in
      guard let first = word.first, isLower(first) || isDigit(first) else { return false }
      return word.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }
  }

  /// A C identifier.
  static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, !isDigit(first) else { return false }
    return text.utf8.allSatisfy { isLower($0) || isLower($0 | 0x20) || isDigit($0) || $0 == UInt8(ascii: "_") }
  }

  /// Three numbers, then optionally `-` or `+` and a suffix.
  static func isVersion(_ text: String) -> Bool {
    let core = text.utf8.prefix { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "+") }
    let suffix = text.utf8.dropFirst(core.count)
    let numbers = core.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    return numbers.count == 3 && numbers.allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) } && suffix.count != 1
      && suffix.allSatisfy {
        isLower($0 | 0x20) || isDigit($0) || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+")].contains($0)
      }
  }

  private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

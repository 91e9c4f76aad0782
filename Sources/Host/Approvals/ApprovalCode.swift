/// The eight symbols by which people name a request: Crockford's base 32, 40 bits from the system's generator.
package enum ApprovalCode {
  private static let symbols = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

  package static func random() -> String {
    var generator = SystemRandomNumberGenerator()
    return String((0..<8).map { _ in symbols[Int.random(in: 0..<32, using: &generator)] })
  }

  /// Reads what a person typed: any case, with Crockford's look-alikes; nil when it cannot be a code.
  package static func parse(_ text: some StringProtocol) -> String? {
    let code = text.uppercased().map { character -> Character in
      switch character {
      case "O": "0"
      case "I", "L": "1"
      default: character
      }
    }
    guard code.count == 8, code.allSatisfy(symbols.contains) else { return nil }
    return String(code)
  }
}

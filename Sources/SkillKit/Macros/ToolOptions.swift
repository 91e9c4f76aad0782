import SwiftSyntax

/// The arguments of `@Tool`.
struct ToolOptions {
  private(set) var effect = "write"
  private(set) var name: String?
  private(set) var scopes: [String] = []
  /// Lower and upper bound, as they will stand in JSON.
  private(set) var ranges: [String: (String, String)] = [:]
  private(set) var choices: [String: [String]] = [:]
  /// Parameters that are spoken of, and where.
  private(set) var namedParameters: [(Syntax, String)] = []
  /// Further members of the tool in the manifest.
  private(set) var manifest: [(String, ManifestJSON)] = []

  init(_ attribute: AttributeSyntax, _ problems: inout Problems) {
    for argument in attribute.arguments?.as(LabeledExprListSyntax.self) ?? [] {
      let value = argument.expression
      switch argument.label?.text {
      case nil: readEffect(value, &problems)
      case "name": name = Self.string(value, &problems)
      case "scopes": scopes = Self.strings(value, &problems)
      case "idempotent": if value.manifestLiteral?.text == "true" { manifest.append(("idempotent", .bool(true))) }
      case "timeout": readTimeout(value, &problems)
      case "concurrency":
        guard let count = value.manifestLiteral?.text, let number = Int(count), (1...64).contains(number) else {
          problems.error("an integer literal from 1 to 64", at: value)
          continue
        }
        manifest.append(("concurrency", .raw(count)))
      case "rest":
        guard let parameter = Self.string(value, &problems) else { continue }
        namedParameters.append((Syntax(value), parameter))
        manifest.append(("rest", .string(parameter)))
      case "ranges":
        for (key, range) in members(value, &problems) { ranges[key] = Self.range(range, &problems) }
      case "choices":
        for (key, list) in members(value, &problems) { choices[key] = Self.strings(list, &problems) }
      default: break
      }
    }
  }

  private mutating func readEffect(_ value: ExprSyntax, _ problems: inout Problems) {
    guard let member = value.as(MemberAccessExprSyntax.self)?.declName.baseName.text, ["read", "write"].contains(member) else {
      return problems.error("the effect is .read or .write", at: value)
    }
    effect = member
  }

  private mutating func readTimeout(_ value: ExprSyntax, _ problems: inout Problems) {
    guard let seconds = value.manifestLiteral.flatMap({ Double($0.text) }), (0.001...600).contains(seconds) else {
      return problems.error("a literal of seconds, from 0.001 to 600", at: value)
    }
    manifest.append(("timeout_ms", .raw("\(Int((seconds * 1000).rounded()))")))
  }

  private mutating func members(_ value: ExprSyntax, _ problems: inout Problems) -> [(String, ExprSyntax)] {
    guard let elements = value.as(DictionaryExprSyntax.self)?.content.as(DictionaryElementListSyntax.self) else { return [] }
    var found: [(String, ExprSyntax)] = []
    for element in elements {
      guard let key = Self.string(element.key, &problems) else { continue }
      namedParameters.append((Syntax(element.key), key))
      found.append((key, element.value))
    }
    return found
  }

  private static func range(_ value: ExprSyntax, _ problems: inout Problems) -> (String, String)? {
    // The compiler has not folded operators yet: `1...10` is a sequence of three.
    let parts = value.as(SequenceExprSyntax.self)?.elements.map { $0 } ?? []
    guard parts.count == 3, parts[1].trimmedDescription == "...", let lower = parts[0].manifestLiteral?.text,
      let upper = parts[2].manifestLiteral?.text, let low = Double(lower), let high = Double(upper), low <= high
    else {
      problems.error("a range of literals, like 1...10", at: value)
      return nil
    }
    return (lower, upper)
  }

  private static func string(_ value: ExprSyntax, _ problems: inout Problems) -> String? {
    if let text = value.plainString { return text }
    problems.error("stands in the manifest, so it is a text literal without interpolation", at: value)
    return nil
  }

  private static func strings(_ value: ExprSyntax, _ problems: inout Problems) -> [String] {
    guard let elements = value.as(ArrayExprSyntax.self)?.elements else {
      problems.error("stands in the manifest, so it is a list of text literals", at: value)
      return []
    }
    return elements.compactMap { string($0.expression, &problems) }
  }
}

extension ExprSyntax {
  /// The text of a string literal without interpolation.
  var plainString: String? { self.as(StringLiteralExprSyntax.self)?.representedLiteralValue }

  /// The JSON of a literal that a manifest can hold.
  var manifestLiteral: ManifestJSON? {
    if let text = plainString { return .string(text) }
    if let bool = self.as(BooleanLiteralExprSyntax.self) { return .bool(bool.literal.text == "true") }
    if let integer = self.as(IntegerLiteralExprSyntax.self) {
      return integer.representedLiteralValue.map { .raw("\($0)") }
    }
    if let float = self.as(FloatLiteralExprSyntax.self) {
      return float.representedLiteralValue.map { .raw("\($0)") }
    }
    if let negative = self.as(PrefixOperatorExprSyntax.self), negative.operator.text == "-",
      case .raw(let number)? = negative.expression.manifestLiteral
    {
      return .raw("-" + number)
    }
    if let array = self.as(ArrayExprSyntax.self) {
      let elements = array.elements.map { $0.expression.manifestLiteral }
      return elements.contains { $0 == nil } ? nil : .array(elements.compactMap { $0 })
    }
    // Of dictionaries only the empty one: `[:]`.
    if let dictionary = self.as(DictionaryExprSyntax.self), !dictionary.content.is(DictionaryElementListSyntax.self) {
      return .object([])
    }
    return nil
  }
}

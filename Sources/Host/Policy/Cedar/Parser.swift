/// Reads a file of rules. After an error it goes on behind the next `;`, so that one look shows all that is wrong.
struct Parser {
  /// Rules that all files together may have.
  static let maximumRules = 2000
  /// Words that cannot name an attribute, a type or a variable.
  static let reserved: Set<String> = ["true", "false", "if", "then", "else", "in", "is", "like", "has", "__cedar"]

  /// Whether a word can name an attribute or a part of a type.
  static func isName(_ word: String) -> Bool {
    let isWord = word.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0))
    }
    return isWord && !("0"..."9").contains(word.unicodeScalars.first ?? "0") && !reserved.contains(word)
  }

  let source: SourceFile
  private let dialect: Dialect
  private let tokens: [Token]
  private var index = 0
  private var rulesRead = 0
  /// Open brackets and `if`s around the current place.
  var nesting = 0
  var mentions: [Rule.Mention] = []

  init(_ source: SourceFile, as dialect: Dialect) throws(SyntaxError) {
    self.source = source
    self.dialect = dialect
    tokens = try Lexer.tokens(of: source.bytes, as: dialect)
  }

  /// All rules of the file that could be read, and all problems of those that could not.
  static func parse(_ source: SourceFile, as dialect: Dialect = .house) -> (rules: [Rule], problems: [PolicyProblem]) {
    var parser: Parser
    do {
      parser = try Parser(source, as: dialect)
    } catch {
      return ([], [source.problem(error.message, at: error.span, help: error.help)])
    }
    var rules: [Rule] = []
    var problems: [PolicyProblem] = []
    while parser.peek.kind != .end {
      do {
        rules.append(try parser.rule())
      } catch {
        problems.append(source.problem(error.message, at: error.span, help: error.help))
        parser.skipRule()
      }
    }
    return (rules, problems)
  }

  private mutating func skipRule() {
    nesting = 0
    while peek.kind != .end, advance().kind != .symbol(.semicolon) {}
  }
}

// MARK: - Tokens

extension Parser {
  var peek: Token { tokens[index] }

  /// The token after the next one.
  var second: Token { tokens[min(index + 1, tokens.count - 1)] }

  /// Where the last token taken ended.
  var lastEnd: Int { index > 0 ? tokens[index - 1].span.end : 0 }

  @discardableResult
  mutating func advance() -> Token {
    let token = tokens[index]
    if index < tokens.count - 1 { index += 1 }
    return token
  }

  func text(_ token: Token) -> String {
    String(decoding: source.bytes[token.span.start..<token.span.end], as: UTF8.self)
  }

  mutating func take(_ symbol: Token.Symbol) -> Bool {
    guard peek.kind == .symbol(symbol) else { return false }
    advance()
    return true
  }

  mutating func take(word: String) -> Bool {
    guard isNext(word: word) else { return false }
    advance()
    return true
  }

  func isNext(word: String) -> Bool {
    peek.kind == .identifier && text(peek) == word
  }

  @discardableResult
  mutating func expect(_ symbol: Token.Symbol, _ purpose: String, help: String? = nil) throws(SyntaxError) -> Token {
    guard peek.kind == .symbol(symbol) else { throw unexpected("`\(symbol.rawValue)` \(purpose)", help: help) }
    return advance()
  }

  /// The complaint that something else stands where `wanted` should.
  func unexpected(_ wanted: String, help: String? = nil) -> SyntaxError {
    let found = peek.kind == .end ? "the end of the file" : "`\(text(peek))`"
    return SyntaxError(message: "expected \(wanted), found \(found)", span: peek.span, help: help)
  }

  mutating func string(_ purpose: String) throws(SyntaxError) -> Text {
    guard peek.kind == .string else { throw unexpected(purpose) }
    return try StringLiteral.text(of: source.bytes, at: advance().span)
  }

  /// An identifier that is not a reserved word.
  mutating func name(_ purpose: String) throws(SyntaxError) -> Text {
    guard peek.kind == .identifier else { throw unexpected(purpose) }
    let word = text(peek)
    guard !Self.reserved.contains(word) else {
      throw SyntaxError(
        message: "`\(word)` is a reserved word", span: peek.span, help: "as an attribute write it in quotes: [\"\(word)\"]")
    }
    advance()
    return Text(word)
  }
}

// MARK: - Rules

extension Parser {
  private mutating func rule() throws(SyntaxError) -> Rule {
    mentions = []
    let annotations = try annotations()
    let word = peek
    guard word.kind == .identifier, let effect = Rule.Effect(rawValue: text(word)) else {
      throw unexpected("`permit` or `forbid`", help: "a rule reads: @id(\"name\") permit (principal, action, resource);")
    }
    advance()
    try expect(.leftParenthesis, "after `\(effect.rawValue)`")
    let principal = try scope(.principal)
    try expect(.comma, "after the principal")
    let action = try scope(.action)
    try expect(.comma, "after the action")
    let resource = try scope(.resource)
    _ = take(.comma)
    try expect(.rightParenthesis, "after the resource", help: "conditions stand behind the head: when { … }")
    let conditions = try conditions()
    try expect(.semicolon, "at the end of the rule")
    let id = dialect == .house ? try id(annotations, of: word) : "policy\(rulesRead)"
    rulesRead += 1
    return Rule(
      id: id, effect: effect, annotations: annotations, principal: principal, action: action,
      resource: resource, conditions: conditions, mentions: mentions, source: source, span: word.span)
  }

  mutating func annotations() throws(SyntaxError) -> [Rule.Annotation] {
    var annotations: [Rule.Annotation] = []
    while take(.at) {
      guard peek.kind == .identifier else { throw unexpected("the annotation's name after `@`") }
      let word = advance()
      let name = text(word)
      guard !annotations.contains(where: { $0.name == name }) else {
        throw SyntaxError(message: "annotation `@\(name)` given twice", span: word.span)
      }
      if dialect != .house, peek.kind != .symbol(.leftParenthesis) {
        annotations.append(Rule.Annotation(name: name, value: "", span: word.span))
        continue
      }
      try expect(.leftParenthesis, "after `@\(name)`", help: "@\(name)(\"…\")")
      let quoted = peek.span
      let value = try string("the annotation's value in double quotes")
      try expect(.rightParenthesis, "after the annotation's value")
      annotations.append(Rule.Annotation(name: name, value: value, span: quoted))
    }
    return annotations
  }

  /// The rule's name. Short and ASCII, because it ends up in log lines, audit records and chat.
  private func id(_ annotations: [Rule.Annotation], of word: Token) throws(SyntaxError) -> String {
    guard let annotation = annotations.first(where: { $0.name == "id" }) else {
      throw SyntaxError(
        message: "rule without `@id`", span: word.span, help: "name it: @id(\"my-rule\") \(text(word)) (…)")
    }
    let id = annotation.value.string
    guard isPlainName(id) else {
      throw SyntaxError(
        message: "unusable rule id", span: annotation.span, help: "1 to 64 letters, digits, `-`, `_`, `.` or `/`")
    }
    return id
  }

  private mutating func conditions() throws(SyntaxError) -> [Rule.Condition] {
    var conditions: [Rule.Condition] = []
    while peek.kind == .identifier {
      let word = text(peek)
      guard word == "when" || word == "unless" else {
        throw unexpected("`when`, `unless` or `;`", help: suggestion(for: word, among: ["when", "unless"]))
      }
      advance()
      try expect(.leftBrace, "after `\(word)`")
      guard peek.kind != .symbol(.rightBrace) else {
        throw SyntaxError(message: "empty condition", span: peek.span, help: "write a condition or leave `\(word)` out")
      }
      let expression = try expression()
      try expect(.rightBrace, "at the end of the condition", help: operatorHint())
      conditions.append(Rule.Condition(isUnless: word == "unless", expression: expression))
    }
    return conditions
  }

  /// People write `and`; the language says `&&`.
  private func operatorHint() -> String? {
    switch text(peek).lowercased() {
    case "and": "join conditions with &&"
    case "or": "join conditions with ||"
    default: nil
    }
  }
}

// MARK: - The head

extension Parser {
  private mutating func scope(_ variable: Expression.Variable) throws(SyntaxError) -> Rule.Constraint {
    guard take(word: variable.rawValue) else {
      throw unexpected("`\(variable.rawValue)`", help: "the head is always: (principal, action, resource)")
    }
    let isAction = variable == .action
    if take(.equal) {
      return .equal(try entity(in: variable))
    }
    if take(word: "in") {
      let isList =
        peek.kind == .symbol(.leftBracket) || peek.kind == .symbol(.leftParenthesis) && second.kind == .symbol(.leftBracket)
      guard isList else { return .within([try entity(in: variable)]) }
      guard isAction else {
        throw SyntaxError(
          message: "only the action may be `in` a list", span: peek.span,
          help: "move it behind the head: when { \(variable.rawValue) in […] }")
      }
      return .within(try actionList())
    }
    if isNext(word: "is") {
      guard !isAction else {
        throw SyntaxError(message: "the action cannot be tested with `is`", span: peek.span, help: "use == or in")
      }
      advance()
      let type = try typeName()
      return take(word: "in") ? .typeWithin(type, try entity(in: variable)) : .type(type)
    }
    return .any
  }

  private mutating func actionList() throws(SyntaxError) -> [EntityUID] {
    let isWrapped = take(.leftParenthesis)
    try expect(.leftBracket, "before the actions")
    var actions: [EntityUID] = []
    while peek.kind != .symbol(.rightBracket) {
      actions.append(try entity(in: .action))
      guard take(.comma) else { break }
    }
    try expect(.rightBracket, "after the actions")
    if isWrapped { try expect(.rightParenthesis, "to close the parenthesis") }
    return actions
  }

  private mutating func entity(in variable: Expression.Variable) throws(SyntaxError) -> EntityUID {
    var open = 0
    while take(.leftParenthesis) { open += 1 }
    let start = peek.span
    guard peek.kind != .symbol(.question) else {
      throw SyntaxError(message: "templates are not supported", span: start, help: "name the entity itself")
    }
    guard peek.kind != .symbol(.leftBracket) else {
      throw SyntaxError(message: "one entity is needed here, not a list", span: start, help: "use `in` for several")
    }
    let uid = try entity()
    if variable == .action, uid.type != "Action", !uid.type.string.hasSuffix("::Action") {
      throw SyntaxError(
        message: "the action must be an `Action`", span: start.through(Span(start: lastEnd, end: lastEnd)),
        help: "Action::\"call\"")
    }
    for _ in 0..<open { try expect(.rightParenthesis, "to close the parenthesis") }
    return uid
  }

  /// `Path::"id"`.
  mutating func entity() throws(SyntaxError) -> EntityUID {
    let start = peek.span
    let type = try path("an entity such as User::\"alice\"")
    try expect(.path, "and the entity's id in quotes", help: "\(type)::\"…\"")
    let id = try string("the entity's id in double quotes")
    let uid = EntityUID(type, id)
    mentions.append(Rule.Mention(kind: .entity(uid), span: Span(start: start.start, end: lastEnd)))
    return uid
  }

  /// A type after `is`.
  mutating func typeName() throws(SyntaxError) -> Text {
    let start = peek.span
    let type = try path("a type")
    mentions.append(Rule.Mention(kind: .type(type), span: Span(start: start.start, end: lastEnd)))
    return type
  }

  /// `A::B`, up to but without a `::` that introduces the id.
  mutating func path(_ purpose: String) throws(SyntaxError) -> Text {
    var path = try name(purpose).string
    while peek.kind == .symbol(.path), second.kind == .identifier {
      advance()
      path += "::" + (try name("a name")).string
    }
    return Text(path)
  }
}

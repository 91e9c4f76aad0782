/// Expressions, loosest binding first: `if`, `||`, `&&`, one comparison, `+ -`, `*`, `! -`, access.
extension Parser {
  mutating func expression() throws(SyntaxError) -> Expression {
    nesting += 1
    defer { nesting -= 1 }
    guard nesting <= Expression.maximumHeight else { throw tooDeep(peek.span) }
    guard isNext(word: "if") else { return try disjunction() }
    let start = advance().span
    let test = try expression()
    guard take(word: "then") else { throw unexpected("`then`", help: "if condition then value else value") }
    let then = try expression()
    guard take(word: "else") else { throw unexpected("`else`", help: "if condition then value else value") }
    let otherwise = try expression()
    return try make(.conditional(test, then: then, otherwise: otherwise), start.through(otherwise.span))
  }

  private func make(_ kind: Expression.Kind, _ span: Span) throws(SyntaxError) -> Expression {
    let expression = Expression(kind, at: span)
    guard expression.height <= Expression.maximumHeight else { throw tooDeep(span) }
    return expression
  }

  private func tooDeep(_ span: Span) -> SyntaxError {
    SyntaxError(
      message: "nested deeper than \(Expression.maximumHeight) levels", span: span,
      help: "split it into several rules or conditions")
  }

  private mutating func disjunction() throws(SyntaxError) -> Expression {
    var parts = [try conjunction()]
    while take(.or) { parts.append(try conjunction()) }
    return try joined(parts, Expression.Kind.or)
  }

  private mutating func conjunction() throws(SyntaxError) -> Expression {
    var parts = [try relation()]
    while take(.and) { parts.append(try relation()) }
    return try joined(parts, Expression.Kind.and)
  }

  private func joined(_ parts: [Expression], _ kind: ([Expression]) -> Expression.Kind) throws(SyntaxError) -> Expression {
    guard parts.count > 1 else { return parts[0] }
    return try make(kind(parts), parts[0].span.through(parts[parts.count - 1].span))
  }
}

// MARK: - Comparisons

extension Parser {
  private mutating func relation() throws(SyntaxError) -> Expression {
    let left = try sum()
    guard let relation = try relation(of: left) else { return left }
    if isRelation(peek) {
      throw SyntaxError(
        message: "comparisons cannot be chained", span: peek.span, help: "put parentheses around the first comparison")
    }
    return relation
  }

  private func isRelation(_ token: Token) -> Bool {
    switch token.kind {
    case .symbol(.equal), .symbol(.notEqual), .symbol(.less), .symbol(.lessOrEqual), .symbol(.greater), .symbol(.greaterOrEqual):
      true
    case .identifier: ["in", "is", "has", "like"].contains(text(token))
    default: false
    }
  }

  /// The comparison that starts at the next token; nil when there is none.
  private mutating func relation(of left: Expression) throws(SyntaxError) -> Expression? {
    guard isRelation(peek) else { return nil }
    let token = advance()
    switch token.kind {
    case .symbol(.equal): return try binary(left) { .equal($0, $1) }
    case .symbol(.notEqual): return try binary(left) { .notEqual($0, $1) }
    case .symbol(.less): return try binary(left) { .compare(.less, $0, $1) }
    case .symbol(.lessOrEqual): return try binary(left) { .compare(.lessOrEqual, $0, $1) }
    case .symbol(.greater): return try binary(left) { .compare(.greater, $0, $1) }
    case .symbol(.greaterOrEqual): return try binary(left) { .compare(.greaterOrEqual, $0, $1) }
    default: break
    }
    switch text(token) {
    case "in": return try binary(left) { .within($0, $1) }
    case "is": return try typeTest(left)
    case "has": return try has(left)
    default: return try like(left)
    }
  }

  private mutating func binary(
    _ left: Expression, _ kind: (Expression, Expression) -> Expression.Kind
  ) throws(SyntaxError) -> Expression {
    let right = try sum()
    return try make(kind(left, right), left.span.through(right.span))
  }

  private mutating func typeTest(_ left: Expression) throws(SyntaxError) -> Expression {
    let type = try typeName()
    let group = take(word: "in") ? try sum() : nil
    return try make(.isType(left, type, within: group), Span(start: left.span.start, end: lastEnd))
  }

  private mutating func has(_ left: Expression) throws(SyntaxError) -> Expression {
    let first = peek.span
    var path: [Text]
    if peek.kind == .string {
      path = [try string("an attribute")]
    } else {
      path = [try name("an attribute after `has`")]
      while take(.dot) { path.append(try name("an attribute after `.`")) }
    }
    mention(path[0], of: left, at: first)
    return try make(.has(left, path), Span(start: left.span.start, end: lastEnd))
  }

  private mutating func like(_ left: Expression) throws(SyntaxError) -> Expression {
    guard peek.kind == .string else { throw unexpected("a pattern in double quotes after `like`") }
    let pattern = try StringLiteral.pattern(of: source.bytes, at: advance().span)
    return try make(.like(left, pattern), Span(start: left.span.start, end: lastEnd))
  }

  private mutating func mention(_ attribute: Text, of object: Expression, at span: Span) {
    if case .variable(.context) = object.kind {
      mentions.append(Rule.Mention(kind: .contextAttribute(attribute), span: span))
    }
  }
}

// MARK: - Arithmetic

extension Parser {
  private mutating func sum() throws(SyntaxError) -> Expression {
    var left = try product()
    while true {
      if take(.plus) {
        let right = try product()
        left = try make(.arithmetic(.add, left, right), left.span.through(right.span))
      } else if take(.minus) {
        let right = try product()
        left = try make(.arithmetic(.subtract, left, right), left.span.through(right.span))
      } else {
        return left
      }
    }
  }

  private mutating func product() throws(SyntaxError) -> Expression {
    var left = try unary()
    while take(.times) {
      let right = try unary()
      left = try make(.arithmetic(.multiply, left, right), left.span.through(right.span))
    }
    return left
  }

  private mutating func unary() throws(SyntaxError) -> Expression {
    let first = peek
    guard first.kind == .symbol(.not) || first.kind == .symbol(.minus) else { return try member() }
    var operators: [Token] = []
    while peek.kind == first.kind { operators.append(advance()) }
    guard operators.count <= 4 else {
      throw SyntaxError(message: "more than four `\(text(first))` in a row", span: operators[4].span, help: "use parentheses")
    }
    var operand: Expression
    if first.kind == .symbol(.minus), case .integer(let digits) = peek.kind, !isAccess(second) {
      // The last sign belongs to the number: only so can the smallest Long be written.
      let sign = operators.removeLast()
      let span = sign.span.through(advance().span)
      operand = Expression(.literal(.long(Int64(truncatingIfNeeded: 0 &- digits))), at: span)
    } else {
      operand = try member()
    }
    for token in operators.reversed() {
      let kind: Expression.Kind = token.kind == .symbol(.not) ? .not(operand) : .negate(operand)
      operand = try make(kind, token.span.through(operand.span))
    }
    return operand
  }

  private func isAccess(_ token: Token) -> Bool {
    token.kind == .symbol(.dot) || token.kind == .symbol(.leftBracket)
  }
}

// MARK: - Access and primaries

extension Parser {
  private mutating func member() throws(SyntaxError) -> Expression {
    var object = try primary()
    while true {
      if take(.dot) {
        let word = peek.span
        let name = try name("an attribute after `.`")
        if take(.leftParenthesis) {
          object = try call(name, of: object, at: word)
        } else {
          mention(name, of: object, at: word)
          object = try make(.attribute(object, name), Span(start: object.span.start, end: lastEnd))
        }
      } else if take(.leftBracket) {
        let word = peek.span
        let name = try string("an attribute in double quotes")
        try expect(.rightBracket, "after the attribute")
        mention(name, of: object, at: word)
        object = try make(.attribute(object, name), Span(start: object.span.start, end: lastEnd))
      } else {
        return object
      }
    }
  }

  private mutating func call(_ name: Text, of object: Expression, at span: Span) throws(SyntaxError) -> Expression {
    guard let method = Expression.Method(rawValue: name.string) else {
      let known = Expression.Method.allCases.map(\.rawValue)
      throw SyntaxError(
        message: "unknown method `\(name)`", span: span,
        help: suggestion(for: name.string, among: known) ?? "known: \(known.joined(separator: ", "))")
    }
    let arguments = try list(until: .rightParenthesis)
    let wanted = method == .isEmpty ? 0 : 1
    guard arguments.count == wanted else {
      throw SyntaxError(
        message: "`\(name)` takes \(wanted) argument\(wanted == 1 ? "" : "s"), not \(arguments.count)", span: span)
    }
    return try make(.method(method, object, arguments.first), Span(start: object.span.start, end: lastEnd))
  }

  /// Expressions separated by commas, a trailing one allowed, and the closing bracket.
  private mutating func list(until end: Token.Symbol) throws(SyntaxError) -> [Expression] {
    var elements: [Expression] = []
    while peek.kind != .symbol(end) {
      elements.append(try expression())
      guard take(.comma) else { break }
    }
    try expect(end, "after the last element")
    return elements
  }

  private mutating func primary() throws(SyntaxError) -> Expression {
    let token = peek
    switch token.kind {
    case .integer(let value):
      guard let long = Int64(exactly: value) else {
        throw SyntaxError(message: "number too large", span: token.span, help: "the largest number is \(Int64.max)")
      }
      advance()
      return Expression(.literal(.long(long)), at: token.span)
    case .string:
      return Expression(.literal(.string(try string("a string"))), at: token.span)
    case .identifier:
      return try word()
    case .symbol(.leftParenthesis):
      advance()
      let inner = try expression()
      try expect(.rightParenthesis, "to close the parenthesis")
      return inner
    case .symbol(.leftBracket):
      advance()
      return try set(from: token.span)
    case .symbol(.leftBrace):
      advance()
      return try record(from: token.span)
    case .symbol(.question):
      throw SyntaxError(message: "templates are not supported", span: token.span, help: "name the entity itself")
    default:
      throw unexpected("a value")
    }
  }

  private mutating func word() throws(SyntaxError) -> Expression {
    let token = peek
    let word = text(token)
    if word == "true" || word == "false" {
      advance()
      return Expression(.literal(.bool(word == "true")), at: token.span)
    }
    if second.kind == .symbol(.path) {
      let uid = try entity()
      return Expression(.literal(.entity(uid)), at: Span(start: token.span.start, end: lastEnd))
    }
    if second.kind == .symbol(.leftParenthesis) {
      let isMethod = Expression.Method(rawValue: word) != nil
      throw SyntaxError(
        message: "there is no function `\(word)`", span: token.span,
        help: isMethod ? "it is a method: set.\(word)(…)" : "extension types (ip, decimal, datetime, duration) are not supported")
    }
    if let variable = Expression.Variable(rawValue: word) {
      advance()
      return Expression(.variable(variable), at: token.span)
    }
    let known = Expression.Variable.allCases.map(\.rawValue)
    throw SyntaxError(
      message: Self.reserved.contains(word) ? "unexpected `\(word)`" : "unknown variable `\(word)`", span: token.span,
      help: suggestion(for: word, among: known) ?? "known: \(known.joined(separator: ", ")); text stands in double quotes")
  }

  private mutating func set(from start: Span) throws(SyntaxError) -> Expression {
    let elements = try list(until: .rightBracket)
    let span = Span(start: start.start, end: lastEnd)
    let literals = elements.compactMap(\.kind.literal)
    // A set of literals is made once here, not at every decision.
    guard literals.count < elements.count else { return Expression(.literal(.set(Set(literals))), at: span) }
    return try make(.set(elements), span)
  }

  private mutating func record(from start: Span) throws(SyntaxError) -> Expression {
    var members: [Expression.Member] = []
    var keys: Set<Text> = []
    while peek.kind != .symbol(.rightBrace) {
      let keySpan = peek.span
      let key = peek.kind == .string ? try string("a key") : try name("a key")
      guard keys.insert(key).inserted else {
        throw SyntaxError(message: "key `\(key)` given twice", span: keySpan)
      }
      try expect(.colon, "after the key")
      members.append(Expression.Member(key: key, value: try expression()))
      guard take(.comma) else { break }
    }
    try expect(.rightBrace, "after the last member")
    return try make(.record(members), Span(start: start.start, end: lastEnd))
  }
}

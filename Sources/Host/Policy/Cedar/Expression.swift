/// A condition or a part of one, with its place in the file.
struct Expression: Sendable {
  /// Nesting that an expression may have at most.
  static let maximumHeight = 64

  let kind: Kind
  let span: Span
  /// Levels from here to the deepest leaf; bounds the recursion of everything that walks an expression.
  let height: Int

  indirect enum Kind: Sendable, Hashable {
    case literal(Value)
    case variable(Variable)
    case not(Expression)
    case negate(Expression)
    /// `a && b && c`: at least two.
    case and([Expression])
    case or([Expression])
    case conditional(Expression, then: Expression, otherwise: Expression)
    case equal(Expression, Expression)
    case notEqual(Expression, Expression)
    case compare(Comparison, Expression, Expression)
    case arithmetic(Arithmetic, Expression, Expression)
    case within(Expression, Expression)
    case like(Expression, Pattern)
    /// `e is T`, `e is T in e2`.
    case isType(Expression, Text, within: Expression?)
    /// `e has a.b.c`.
    case has(Expression, [Text])
    case attribute(Expression, Text)
    /// `isEmpty` has no argument, all others one.
    case method(Method, Expression, Expression?)
    case set([Expression])
    case record([Member])
    /// `principal in Role::"x"`, with the group by its number in the rule set. Made by `RuleSet`, never by the parser.
    case isInGroup(Variable, Int)
    /// The same thing in several places: worth computing once for each request. Made by `Sharing`, never by the parser.
    case shared(slot: Int, Expression)
  }

  struct Member: Sendable, Hashable {
    let key: Text
    let value: Expression
  }

  enum Variable: String, Sendable, CaseIterable {
    case principal, action, resource, context
  }

  enum Comparison: Sendable {
    case less, lessOrEqual, greater, greaterOrEqual
  }

  enum Arithmetic: String, Sendable {
    case add, subtract, multiply
  }

  enum Method: String, Sendable, CaseIterable {
    case contains, containsAll, containsAny, isEmpty
  }

  init(_ kind: Kind, at span: Span) {
    self.kind = kind
    self.span = span
    height = 1 + (kind.children.lazy.map(\.height).max() ?? 0)
  }
}

/// Two expressions are equal when they say the same, wherever they stand.
extension Expression: Hashable {
  static func == (left: Expression, right: Expression) -> Bool { left.kind == right.kind }

  func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

extension Expression.Kind {
  var children: [Expression] {
    switch self {
    case .literal, .variable, .isInGroup: []
    case .not(let operand), .negate(let operand), .like(let operand, _), .has(let operand, _), .attribute(let operand, _):
      [operand]
    case .and(let parts), .or(let parts), .set(let parts): parts
    case .conditional(let test, let then, let otherwise): [test, then, otherwise]
    case .equal(let left, let right), .notEqual(let left, let right), .compare(_, let left, let right),
      .arithmetic(_, let left, let right), .within(let left, let right):
      [left, right]
    case .isType(let operand, _, let group): [operand] + (group.map { [$0] } ?? [])
    case .method(_, let operand, let argument): [operand] + (argument.map { [$0] } ?? [])
    case .record(let members): members.map(\.value)
    case .shared(_, let expression): [expression]
    }
  }

  var literal: Value? {
    if case .literal(let value) = self { value } else { nil }
  }
}

extension Expression.Kind {
  /// The same expression with each direct part replaced.
  func mapChildren(_ change: (Expression) -> Expression) -> Expression.Kind {
    switch self {
    case .literal, .variable, .isInGroup: self
    case .not(let operand): .not(change(operand))
    case .negate(let operand): .negate(change(operand))
    case .and(let parts): .and(parts.map(change))
    case .or(let parts): .or(parts.map(change))
    case .conditional(let test, let then, let otherwise):
      .conditional(change(test), then: change(then), otherwise: change(otherwise))
    case .equal(let left, let right): .equal(change(left), change(right))
    case .notEqual(let left, let right): .notEqual(change(left), change(right))
    case .compare(let comparison, let left, let right): .compare(comparison, change(left), change(right))
    case .arithmetic(let operation, let left, let right): .arithmetic(operation, change(left), change(right))
    case .within(let member, let group): .within(change(member), change(group))
    case .like(let text, let pattern): .like(change(text), pattern)
    case .isType(let operand, let type, let group): .isType(change(operand), type, within: group.map(change))
    case .has(let object, let path): .has(change(object), path)
    case .attribute(let object, let name): .attribute(change(object), name)
    case .method(let method, let object, let argument): .method(method, change(object), argument.map(change))
    case .set(let elements): .set(elements.map(change))
    case .record(let members): .record(members.map { Expression.Member(key: $0.key, value: change($0.value)) })
    case .shared(let slot, let expression): .shared(slot: slot, change(expression))
    }
  }
}

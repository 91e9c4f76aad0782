/// Why a condition has no value. Names and types only: values may be somebody's message.
struct EvaluationError: Error, Sendable, Equatable {
  enum Reason: Sendable, Equatable, CustomStringConvertible {
    case type(expected: String, found: String)
    case missingAttribute(Text)
    case unknownEntity(type: Text)
    case overflow

    var description: String {
      switch self {
      case .type(let expected, let found): "expected \(expected), found \(found)"
      case .missingAttribute(let name): "no attribute `\(name)`; test it with `has` first"
      case .unknownEntity(let type): "this entity of type \(type) does not exist, so it has no attributes"
      case .overflow: "the result is beyond 64 bits"
      }
    }
  }

  let reason: Reason
  let span: Span
}

/// One question in Cedar's terms.
struct Request: Sendable {
  let principal: EntityUID
  let action: EntityUID
  let resource: EntityUID
  let context: [Text: Value]
}

/// Gives expressions their value. Recursion is bounded by `Expression.maximumHeight`.
struct Evaluator {
  let request: Request
  let entities: EntityStore
  /// By the numbers of the rule set; nil where no expression was prepared for it.
  private let resolved: (principal: ResolvedEntity, resource: ResolvedEntity)?
  /// Values of shared expressions as far as they were needed. Only values: an error names its own place.
  private var known: [Value] = []
  /// Where in `known` the value of a slot is, or what the slot holds.
  private var positions: [Int32]

  private static let unknown: Int32 = -1
  private static let isFalse: Int32 = -2
  private static let isTrue: Int32 = -3

  init(
    request: Request, entities: EntityStore, sharedExpressions: Int = 0,
    resolved: (principal: ResolvedEntity, resource: ResolvedEntity)? = nil
  ) {
    self.request = request
    self.entities = entities
    self.resolved = resolved
    positions = Array(repeating: Self.unknown, count: sharedExpressions)
  }

  mutating func value(_ expression: Expression) throws(EvaluationError) -> Value {
    switch expression.kind {
    case .literal(let value): value
    case .variable(.principal): .entity(request.principal)
    case .variable(.action): .entity(request.action)
    case .variable(.resource): .entity(request.resource)
    case .variable(.context): .record(request.context)
    case .not, .and, .or, .equal, .notEqual, .compare, .within, .like, .isType, .has, .method, .isInGroup:
      .bool(try bool(expression))
    case .negate(let operand): .long(try checked(0, try long(operand), .subtract, at: expression.span))
    case .arithmetic(let operation, let left, let right):
      .long(try checked(try long(left), try long(right), operation, at: expression.span))
    case .conditional(let test, let then, let otherwise): try value(try bool(test) ? then : otherwise)
    case .attribute(let object, let name): try attribute(name, of: object, at: expression.span)
    case .set(let elements): .set(try set(elements))
    case .record(let members): .record(try record(members))
    case .shared(let slot, let expression): try shared(slot, expression)
    }
  }

  /// The value of an expression that must be true or false.
  mutating func bool(_ expression: Expression) throws(EvaluationError) -> Bool {
    switch expression.kind {
    case .not(let operand):
      return !(try bool(operand))
    case .and(let parts):
      for index in parts.indices where !(try bool(parts[index])) { return false }
      return true
    case .or(let parts):
      for index in parts.indices where try bool(parts[index]) { return true }
      return false
    case .equal(let left, let right):
      return try value(left) == value(right)
    case .notEqual(let left, let right):
      return try value(left) != value(right)
    case .compare(let comparison, let left, let right):
      return comparison.holds(try long(left), try long(right))
    case .within(let member, let group):
      return try isMember(try entity(member), of: group)
    case .like(let text, let pattern):
      return pattern.matches(try string(text))
    case .isType(let operand, let type, let group):
      let uid = try entity(operand)
      guard uid.type == type else { return false }
      guard let group else { return true }
      return try isMember(uid, of: group)
    case .has(let object, let path):
      return try has(path, in: object)
    case .method(let method, let object, let argument):
      return try call(method, object, argument)
    case .isInGroup(let variable, let group):
      // Only `RuleSet` makes these, and it resolves both.
      guard let resolved else { return false }
      return (variable == .principal ? resolved.principal : resolved.resource).isWithin(group)
    case .shared(let slot, let shared):
      return try sharedTruth(slot, shared)
    case .literal, .variable, .negate, .arithmetic, .conditional, .attribute, .set, .record:
      let value = try value(expression)
      guard case .bool(let truth) = value else { throw mismatch("bool", value, at: expression) }
      return truth
    }
  }
}

extension Evaluator {
  private mutating func shared(_ slot: Int, _ expression: Expression) throws(EvaluationError) -> Value {
    let position = positions[slot]
    if position >= 0 { return known[Int(position)] }
    if position != Self.unknown { return .bool(position == Self.isTrue) }
    let value = try value(expression)
    if case .bool(let truth) = value {
      positions[slot] = truth ? Self.isTrue : Self.isFalse
    } else {
      positions[slot] = Int32(known.count)
      known.append(value)
    }
    return value
  }

  // MARK: What is known already; nil where it is not, or is something else

  func knownTruth(_ slot: Int) -> Bool? {
    let position = positions[slot]
    return position == Self.isTrue || position == Self.isFalse ? position == Self.isTrue : nil
  }

  func knownLong(_ slot: Int) -> Int64? {
    let position = Int(positions[slot])
    guard position >= 0, case .long(let number) = known[position] else { return nil }
    return number
  }

  func isKnown(_ slot: Int, like pattern: Pattern) -> Bool? {
    let position = Int(positions[slot])
    guard position >= 0, case .string(let text) = known[position] else { return nil }
    return pattern.matches(text)
  }

  private mutating func sharedTruth(_ slot: Int, _ expression: Expression) throws(EvaluationError) -> Bool {
    if let known = knownTruth(slot) { return known }
    let value = try shared(slot, expression)
    guard case .bool(let truth) = value else { throw mismatch("bool", value, at: expression) }
    return truth
  }
}

// MARK: - Operands of a certain type

extension Evaluator {
  private func mismatch(_ expected: String, _ found: Value, at expression: Expression) -> EvaluationError {
    EvaluationError(reason: .type(expected: expected, found: found.typeName), span: expression.span)
  }

  private mutating func long(_ expression: Expression) throws(EvaluationError) -> Int64 {
    if case .literal(.long(let number)) = expression.kind { return number }
    let value = try value(expression)
    guard case .long(let number) = value else { throw mismatch("long", value, at: expression) }
    return number
  }

  private mutating func string(_ expression: Expression) throws(EvaluationError) -> Text {
    let value = try value(expression)
    guard case .string(let text) = value else { throw mismatch("string", value, at: expression) }
    return text
  }

  private mutating func entity(_ expression: Expression) throws(EvaluationError) -> EntityUID {
    let value = try value(expression)
    guard case .entity(let uid) = value else { throw mismatch("entity", value, at: expression) }
    return uid
  }

  private mutating func set(_ expression: Expression) throws(EvaluationError) -> Set<Value> {
    let value = try value(expression)
    guard case .set(let elements) = value else { throw mismatch("set", value, at: expression) }
    return elements
  }

  private mutating func set(_ elements: [Expression]) throws(EvaluationError) -> Set<Value> {
    var values: Set<Value> = []
    for element in elements { values.insert(try value(element)) }
    return values
  }

  private mutating func record(_ members: [Expression.Member]) throws(EvaluationError) -> [Text: Value] {
    var values: [Text: Value] = [:]
    for member in members { values[member.key] = try value(member.value) }
    return values
  }
}

// MARK: - Operators

extension Evaluator {
  private func checked(
    _ left: Int64, _ right: Int64, _ operation: Expression.Arithmetic, at span: Span
  ) throws(EvaluationError) -> Int64 {
    let (result, overflow) =
      switch operation {
      case .add: left.addingReportingOverflow(right)
      case .subtract: left.subtractingReportingOverflow(right)
      case .multiply: left.multipliedReportingOverflow(by: right)
      }
    guard !overflow else { throw EvaluationError(reason: .overflow, span: span) }
    return result
  }

  private mutating func isMember(_ uid: EntityUID, of group: Expression) throws(EvaluationError) -> Bool {
    switch try value(group) {
    case .entity(let group):
      return entities.contains(uid, within: group)
    case .set(let groups):
      // Every element is looked at before any answer: a foreign one is an error wherever it stands.
      var found = false
      for element in groups {
        guard case .entity(let candidate) = element else { throw mismatch("entity", element, at: group) }
        found = found || entities.contains(uid, within: candidate)
      }
      return found
    case let other:
      throw mismatch("entity or set of entities", other, at: group)
    }
  }

  private mutating func attribute(_ name: Text, of object: Expression, at span: Span) throws(EvaluationError) -> Value {
    let value = try value(object)
    guard let found = try attributes(of: value, at: object)?[name] else {
      if case .entity(let uid) = value, entities[uid] == nil {
        throw EvaluationError(reason: .unknownEntity(type: uid.type), span: span)
      }
      throw EvaluationError(reason: .missingAttribute(name), span: span)
    }
    return found
  }

  private mutating func has(_ path: [Text], in object: Expression) throws(EvaluationError) -> Bool {
    var value = try value(object)
    for name in path {
      guard let next = try attributes(of: value, at: object)?[name] else { return false }
      value = next
    }
    return true
  }

  /// Nil for an entity that does not exist.
  private func attributes(of value: Value, at expression: Expression) throws(EvaluationError) -> [Text: Value]? {
    switch value {
    case .record(let members): members
    case .entity(let uid): entities[uid]?.attributes
    default: throw mismatch("record or entity", value, at: expression)
    }
  }

  private mutating func call(
    _ method: Expression.Method, _ object: Expression, _ argument: Expression?
  ) throws(EvaluationError) -> Bool {
    let elements = try set(object)
    guard let argument else { return elements.isEmpty }
    switch method {
    case .contains: return elements.contains(try value(argument))
    case .containsAll: return elements.isSuperset(of: try set(argument))
    case .containsAny: return !elements.isDisjoint(with: try set(argument))
    case .isEmpty: return elements.isEmpty
    }
  }
}

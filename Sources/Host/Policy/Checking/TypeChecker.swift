/// Walks conditions as they would run in one kind of request, and notes what would err there.
struct TypeChecker {
  let schema: Schema
  let environment: RequestEnvironment
  private(set) var findings: [Finding] = []

  struct Finding: Hashable {
    enum Code: String, Sendable {
      case unknownName = "unknown_name"
      case unguardedOptional = "unguarded_optional"
      case typeMismatch = "type_mismatch"
      case fraction
    }

    let code: Code
    let message: String
    let span: Span
    let help: String?
  }

  /// Attributes that are there because a `has` before said so.
  typealias Guards = Set<Guard>

  struct Guard: Hashable {
    let object: Expression
    let attribute: Text
  }

  /// What an expression gives, and what is certain to be there where it is true.
  struct Outcome {
    var type: StaticType
    var guards: Guards = []
  }

  init(_ schema: Schema, _ environment: RequestEnvironment) {
    self.schema = schema
    self.environment = environment
  }

  /// Whether the conditions may all hold.
  mutating func mayHold(_ conditions: [Rule.Condition]) -> Bool {
    var guards: Guards = []
    for condition in conditions {
      let outcome = truth(condition.expression, guards)
      if outcome.type == .bool(condition.isUnless) { return false }
      if !condition.isUnless { guards.formUnion(outcome.guards) }
    }
    return true
  }

  mutating func outcome(_ expression: Expression, _ guards: Guards) -> Outcome {
    switch expression.kind {
    case .literal(let value): return Outcome(type: type(of: value, at: expression.span))
    case .variable(let variable): return Outcome(type: type(of: variable))
    case .not(let operand):
      guard case .bool(let value) = truth(operand, guards).type else { return Outcome(type: .bool(nil)) }
      return Outcome(type: .bool(value.map { !$0 }))
    case .negate(let operand):
      expect(.long, of: operand, guards)
      return Outcome(type: .long)
    case .arithmetic(_, let left, let right):
      expect(.long, of: left, guards)
      expect(.long, of: right, guards)
      return Outcome(type: .long)
    case .compare(_, let left, let right):
      expect(.long, of: left, guards)
      expect(.long, of: right, guards)
      return Outcome(type: .bool(nil))
    case .and(let parts): return conjunction(parts, guards)
    case .or(let parts): return disjunction(parts, guards)
    case .conditional(let test, let then, let otherwise): return conditional(test, then, otherwise, guards)
    case .equal(let left, let right): return Outcome(type: .bool(equality(left, right, guards, at: expression.span)))
    case .notEqual(let left, let right):
      return Outcome(type: .bool(equality(left, right, guards, at: expression.span).map { !$0 }))
    case .within(let member, let group): return Outcome(type: .bool(membership(member, group, guards)))
    case .like(let text, _):
      expect(.string, of: text, guards)
      return Outcome(type: .bool(nil))
    case .isType(let operand, let type, let group): return Outcome(type: .bool(typeTest(operand, type, group, guards)))
    case .has(let object, let path): return presence(path, object, guards)
    case .attribute(let object, let name): return Outcome(type: attribute(name, object, guards, at: expression.span))
    case .method(let method, let object, let argument): return Outcome(type: call(method, object, argument, guards))
    case .set(let elements): return Outcome(type: set(elements, guards, at: expression.span))
    case .record(let members):
      var types: [Text: StaticType] = [:]
      for member in members { types[member.key] = outcome(member.value, guards).type.widened }
      return Outcome(type: .record(StaticType.Members(types: types)))
    case .isInGroup: return Outcome(type: .bool(nil))
    case .shared(_, let shared): return outcome(shared, guards)
    }
  }

  /// The outcome of what must be true or false.
  mutating func truth(_ expression: Expression, _ guards: Guards) -> Outcome {
    let outcome = outcome(expression, guards)
    switch outcome.type {
    case .bool: return outcome
    case .any: return Outcome(type: .bool(nil), guards: outcome.guards)
    default:
      note(.typeMismatch, "expected Bool, found \(outcome.type.name)", at: expression.span)
      return Outcome(type: .bool(nil))
    }
  }

  mutating func note(_ code: Finding.Code, _ message: String, at span: Span, help: String? = nil) {
    findings.append(Finding(code: code, message: message, span: span, help: help))
  }

  mutating func expect(_ wanted: StaticType, of expression: Expression, _ guards: Guards) {
    let found = outcome(expression, guards).type
    if found != wanted, found != .any {
      note(.typeMismatch, "expected \(wanted.name), found \(found.name)", at: expression.span)
    }
  }
}

// MARK: - Logic

extension TypeChecker {
  private mutating func conjunction(_ parts: [Expression], _ guards: Guards) -> Outcome {
    var certain = true
    var held: Guards = []
    for part in parts {
      let outcome = truth(part, guards.union(held))
      // What follows something that is always false never runs.
      if outcome.type == .bool(false) { return Outcome(type: .bool(false)) }
      if outcome.type != .bool(true) { certain = false }
      held.formUnion(outcome.guards)
    }
    return Outcome(type: .bool(certain ? true : nil), guards: held)
  }

  private mutating func disjunction(_ parts: [Expression], _ guards: Guards) -> Outcome {
    var held: Guards?
    for part in parts {
      let outcome = truth(part, guards)
      if outcome.type == .bool(true) {
        return Outcome(type: .bool(true), guards: held?.intersection(outcome.guards) ?? outcome.guards)
      }
      if outcome.type != .bool(false) { held = held?.intersection(outcome.guards) ?? outcome.guards }
    }
    return Outcome(type: .bool(held == nil ? false : nil), guards: held ?? [])
  }

  private mutating func conditional(
    _ test: Expression, _ then: Expression, _ otherwise: Expression, _ guards: Guards
  ) -> Outcome {
    let tested = truth(test, guards)
    if tested.type == .bool(true) {
      let outcome = outcome(then, guards.union(tested.guards))
      return Outcome(type: outcome.type, guards: outcome.guards.union(tested.guards))
    }
    if tested.type == .bool(false) { return outcome(otherwise, guards) }
    let left = outcome(then, guards.union(tested.guards))
    let right = outcome(otherwise, guards)
    guard let type = left.type.joined(with: right.type) else {
      note(
        .typeMismatch, "one branch gives \(left.type.name), the other \(right.type.name)", at: then.span.through(otherwise.span))
      return Outcome(type: .any)
    }
    // A branch that is always false adds nothing to what is certain where the whole is true.
    if right.type == .bool(false) { return Outcome(type: type, guards: left.guards.union(tested.guards)) }
    if left.type == .bool(false) { return Outcome(type: type, guards: right.guards) }
    return Outcome(type: type, guards: left.guards.union(tested.guards).intersection(right.guards))
  }
}

// MARK: - Values

extension TypeChecker {
  private mutating func type(of value: Value, at span: Span) -> StaticType {
    switch value {
    case .bool(let value): return .bool(value)
    case .long: return .long
    case .string: return .string
    case .entity(let uid): return .entity([uid.type])
    case .record: return .any
    case .set(let elements):
      if elements.isEmpty { noteEmptySet(at: span) }
      var element: StaticType?
      for value in elements {
        let next = type(of: value, at: span).widened
        guard let known = element else {
          element = next
          continue
        }
        guard let both = known.joined(with: next) else {
          noteMixedSet(known, next, at: span)
          return .set(.any)
        }
        element = both
      }
      return .set(element)
    }
  }

  private func type(of variable: Expression.Variable) -> StaticType {
    switch variable {
    case .principal: .entity([environment.principal])
    case .action: .entity([environment.action.type])
    case .resource: .entity([environment.resource])
    case .context: .record(environment.context)
    }
  }

  private mutating func set(_ elements: [Expression], _ guards: Guards, at span: Span) -> StaticType {
    if elements.isEmpty { noteEmptySet(at: span) }
    var element: StaticType?
    for expression in elements {
      let next = outcome(expression, guards).type.widened
      guard let known = element else {
        element = next
        continue
      }
      guard let both = known.joined(with: next) else {
        noteMixedSet(known, next, at: expression.span)
        return .set(.any)
      }
      element = both
    }
    return .set(element)
  }

  private mutating func noteEmptySet(at span: Span) {
    note(.typeMismatch, "nothing is in an empty set", at: span, help: "ask set.isEmpty() instead of comparing with []")
  }

  private mutating func noteMixedSet(_ left: StaticType, _ right: StaticType, at span: Span) {
    note(.typeMismatch, "one set holds \(left.name) and \(right.name)", at: span)
  }

  private mutating func call(
    _ method: Expression.Method, _ object: Expression, _ argument: Expression?, _ guards: Guards
  ) -> StaticType {
    let found = outcome(object, guards).type
    let wanted = argument.map { outcome($0, guards).type }
    if found != .any {
      guard case .set(let element) = found else {
        note(.typeMismatch, "expected a set, found \(found.name)", at: object.span)
        return .bool(nil)
      }
      if let argument, let wanted { compare(element, method, wanted, argument) }
    } else if let argument, let wanted, method != .contains {
      compare(.any, method, wanted, argument)
    }
    return .bool(nil)
  }

  private mutating func compare(
    _ element: StaticType?, _ method: Expression.Method, _ found: StaticType, _ argument: Expression
  ) {
    let wanted: StaticType = method == .contains ? element ?? .any : .set(element)
    if wanted.joined(with: found.widened) == nil {
      note(.typeMismatch, "expected \(wanted.name), found \(found.name)", at: argument.span)
    }
  }
}

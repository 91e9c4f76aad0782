/// Comparison, membership and attributes.
extension TypeChecker {
  /// The entity that an expression is, where there is only one.
  private func known(_ expression: Expression) -> EntityUID? {
    switch expression.kind {
    case .literal(.entity(let uid)): uid
    case .variable(.action): environment.action
    case .variable(.resource): environment.thing?.uid
    default: nil
    }
  }

  /// Whether two expressions are equal, where that is certain.
  mutating func equality(_ left: Expression, _ right: Expression, _ guards: Guards, at span: Span) -> Bool? {
    let types = (outcome(left, guards).type, outcome(right, guards).type)
    if let left = known(left), let right = known(right) { return left == right }
    if let left = left.kind.literal, let right = right.kind.literal { return left == right }
    if case (.entity(let left), .entity(let right)) = types { return left.isDisjoint(with: right) ? false : nil }
    if case (.bool(let left?), .bool(let right?)) = types { return left == right }
    if types.0.widened.joined(with: types.1.widened) == nil {
      note(.typeMismatch, "\(types.0.name) is never equal to \(types.1.name)", at: span)
    }
    return nil
  }

  /// Whether one is in the other, where that is certain.
  mutating func membership(_ member: Expression, _ group: Expression, _ guards: Guards) -> Bool? {
    let found = outcome(member, guards).type
    let groups = groupTypes(group, guards)
    guard found != .any, let groups else { return nil }
    guard case .entity(let types) = found else {
      note(.typeMismatch, "expected an entity, found \(found.name)", at: member.span)
      return nil
    }
    if let member = known(member), let named = named(group), let isWithin = isWithin(member, named) { return isWithin }
    let reachable = types.reduce(into: Set<Text>()) { $0.formUnion(schema.groupTypes(of: $1)) }
    let actions = types.contains(environment.action.type) ? [environment.action.type] : []
    return groups.isDisjoint(with: reachable.union(actions)) ? false : nil
  }

  private mutating func groupTypes(_ group: Expression, _ guards: Guards) -> Set<Text>? {
    switch outcome(group, guards).type {
    case .entity(let types), .set(.entity(let types)): return types
    case .set(nil): return []
    case .any, .set(.any): return nil
    case let found:
      note(.typeMismatch, "expected an entity or a set of them, found \(found.name)", at: group.span)
      return nil
    }
  }

  /// The groups where each is certain.
  private func named(_ group: Expression) -> [EntityUID]? {
    if let only = known(group) { return [only] }
    let elements: [EntityUID?]
    switch group.kind {
    case .literal(.set(let values)): elements = values.map { if case .entity(let uid) = $0 { uid } else { nil } }
    case .set(let expressions): elements = expressions.map(known)
    default: return nil
    }
    return elements.contains(nil) ? nil : elements.compactMap(\.self)
  }

  private func isWithin(_ member: EntityUID, _ groups: [EntityUID]) -> Bool? {
    if groups.contains(member) { return true }
    if schema.actions[member] != nil { return !schema.groups(of: member).isDisjoint(with: groups) }
    guard let thing = environment.thing, thing.uid == member else { return nil }
    return groups.contains(where: thing.isWithin)
  }

  mutating func typeTest(_ operand: Expression, _ type: Text, _ group: Expression?, _ guards: Guards) -> Bool? {
    let found = outcome(operand, guards).type
    guard found != .any else { return nil }
    guard case .entity(let types) = found else {
      note(.typeMismatch, "expected an entity, found \(found.name)", at: operand.span)
      return nil
    }
    guard types.contains(type) else { return false }
    let isCertain: Bool? = types.count == 1 ? true : nil
    guard let group else { return isCertain }
    let isMember = membership(operand, group, guards)
    return isMember == false ? false : isMember == true ? isCertain : nil
  }
}

// MARK: - Attributes

extension TypeChecker {
  private enum Presence {
    case always, sometimes, never
  }

  /// What `name` would be in something of this type; nil where it has no attributes at all.
  private func find(_ name: Text, in type: StaticType) -> (presence: Presence, type: StaticType)? {
    switch type {
    case .any: return (.sometimes, .any)
    case .record(let members):
      guard let found = members.types[name] else { return (members.isOpen ? .sometimes : .never, .any) }
      return (members.optional.contains(name) ? .sometimes : .always, found)
    case .entity(let types):
      let found = types.map { schema.entityTypes[$0]?.attributes.attributes[name] }
      guard let first = found.first, let attribute = first, !found.contains(nil) else {
        return (found.allSatisfy { $0 == nil } ? .never : .sometimes, .any)
      }
      return (attribute.isRequired ? .always : .sometimes, StaticType(attribute.type))
    default: return nil
    }
  }

  mutating func attribute(_ name: Text, _ object: Expression, _ guards: Guards, at span: Span) -> StaticType {
    let owner = outcome(object, guards).type
    guard let found = find(name, in: owner) else {
      note(.typeMismatch, "expected a record or an entity, found \(owner.name)", at: object.span)
      return .any
    }
    if isFractional(name, found.type, at: span) { return .any }
    if owner == .any || guards.contains(Guard(object: object, attribute: name)), found.presence != .never { return found.type }
    let place = Span(start: object.span.end, end: span.end)
    switch found.presence {
    case .always: break
    case .never:
      note(.unknownName, "\(described(owner)) has no attribute `\(name)`", at: place, help: nearest(to: name, in: owner))
    case .sometimes:
      let path = text(object)
      note(
        .unguardedOptional, "optional attribute `\(name)` is used without `has`", at: place,
        help: path.map { "\($0) has \(name) && …" } ?? "test it with `has` before")
    }
    return found.type
  }

  mutating func presence(_ path: [Text], _ object: Expression, _ guards: Guards) -> Outcome {
    var owner = outcome(object, guards).type
    var expression = object
    var held: Guards = []
    var isCertain = true
    for name in path {
      guard let found = find(name, in: owner) else {
        note(.typeMismatch, "expected a record or an entity, found \(owner.name)", at: expression.span)
        return Outcome(type: .bool(nil))
      }
      if found.presence == .never { return Outcome(type: .bool(false)) }
      if isFractional(name, found.type, at: object.span) { return Outcome(type: .bool(nil)) }
      let step = Guard(object: expression, attribute: name)
      // An entity may be missing altogether, and then it has nothing.
      if case .entity = owner { isCertain = false }
      if found.presence == .sometimes, !guards.contains(step) { isCertain = false }
      held.insert(step)
      expression = Expression(.attribute(expression, name), at: expression.span)
      owner = found.type
    }
    return Outcome(type: .bool(isCertain ? true : nil), guards: held)
  }

  /// Notes a number that rules do not always see: a limit on it would be no limit.
  private mutating func isFractional(_ name: Text, _ type: StaticType, at span: Span) -> Bool {
    guard type == StaticType(.fractional) else { return false }
    note(
      .fraction, "`\(name)` may have a fraction, and then rules do not see it", at: span,
      help: "let the tool take a whole number, or refuse what is in context.untyped")
    return true
  }

  private func described(_ owner: StaticType) -> String {
    if case .record(let members) = owner, members == environment.context { return "the context of \(environment.action)" }
    return owner.name
  }

  private func nearest(to name: Text, in owner: StaticType) -> String? {
    let known: [Text] =
      switch owner {
      case .record(let members): Array(members.types.keys)
      case .entity(let types): types.flatMap { schema.entityTypes[$0].map { Array($0.attributes.attributes.keys) } ?? [] }
      default: []
      }
    guard !known.isEmpty else { return nil }
    return suggestion(for: name.string, among: known.map(\.string))
      ?? "known: \(known.map(\.string).sorted().joined(separator: ", "))"
  }

  /// A path as it would be written; nil for anything else.
  private func text(_ expression: Expression) -> String? {
    switch expression.kind {
    case .variable(let variable): return variable.rawValue
    case .attribute(let object, let name):
      guard let object = text(object) else { return nil }
      return Parser.isName(name.string) ? "\(object).\(name)" : "\(object)[\"\(name)\"]"
    default: return nil
    }
  }
}

/// What a set of rules says to one request, before anybody asks for more.
struct Authorization: Sendable {
  /// Positions of the rules that were satisfied, in file order.
  var permits: [Int] = []
  var forbids: [Int] = []
  /// Rules whose conditions have no value.
  var errors: [(rule: Int, error: EvaluationError)] = []
  var hasErroringForbid = false
  /// Forbids on trial that hold: they deny nothing.
  var trials: [Int] = []

  /// Cedar's decision: erring rules count as absent.
  var isAllowedByCedar: Bool { forbids.isEmpty && !permits.isEmpty }

  /// Our decision: a forbid that cannot be evaluated might have been one that holds.
  var isAllowed: Bool { isAllowedByCedar && !hasErroringForbid }
}

/// Rules made quick to ask: every entity in a rule's head is a number, and rules are found by action.
struct RuleSet: Sendable {
  let rules: [Rule]
  private let heads: [Head]
  /// Groups of heads that name several.
  private let groupLists: [Int]
  private let steps: Steps
  private let sharedExpressions: Int
  private let symbols: Symbols
  /// Rules that can match an action, in file order, by the action's number.
  private let byAction: [Int: [Int]]
  /// Rules that do not restrict the action.
  private let forAnyAction: [Int]
  /// By position of the rule.
  private let isOnTrial: [Bool]

  /// - Parameter trials: positions of forbids that deny nothing, whatever comes of them.
  init(_ rules: [Rule], onTrial trials: Set<Int> = []) {
    var symbols = Symbols()
    var groupLists: [Int] = []
    heads = rules.map { Head($0, &symbols, &groupLists) }
    self.groupLists = groupLists
    self.rules = rules
    isOnTrial = rules.indices.map(trials.contains)
    let prepared = rules.map { rule in
      rule.conditions.map { Rule.Condition(isUnless: $0.isUnless, expression: $0.expression.numbered { symbols.add($0) }) }
    }
    let sharing = Sharing(prepared)
    steps = Steps(prepared.map(sharing.apply))
    sharedExpressions = sharing.count
    self.symbols = symbols
    forAnyAction = rules.indices.filter { rules[$0].action == .any }
    var byAction: [Int: [Int]] = [:]
    for (position, rule) in rules.enumerated() {
      for action in Set(rule.action.entities) { byAction[symbols.number(of: action), default: []].append(position) }
    }
    self.byAction = byAction.mapValues { [forAnyAction] in ($0 + forAnyAction).sorted() }
  }

  /// The entity with what this rule set would look up at every question: worth it for one that asks again and again.
  func prepared(_ entity: Entity) -> Entity {
    var entity = entity
    entity.resolved = symbols.resolve(entity.uid, entity.ancestors)
    return entity
  }

  /// Asks every rule. All of them, also after a forbid: the satisfied permits name the gates, the errors want to be seen.
  func authorize(_ request: Request, _ entities: EntityStore) -> Authorization {
    let principal = symbols.resolve(request.principal, entities)
    let action = symbols.resolve(request.action, entities)
    let resource = symbols.resolve(request.resource, entities)
    var evaluator = Evaluator(
      request: request, entities: entities, sharedExpressions: sharedExpressions, resolved: (principal, resource))
    var result = Authorization()
    // The index knows actions by name; an action that is in a group of actions may match more.
    if action.isInGroups {
      for position in rules.indices where heads[position].action.matches(action, groupLists) {
        ask(position, principal, resource, &evaluator, &result)
      }
    } else {
      for position in byAction[action.number] ?? forAnyAction {
        ask(position, principal, resource, &evaluator, &result)
      }
    }
    return result
  }

  /// Rules that an action without groups asks.
  func positions(for action: EntityUID) -> [Int] {
    byAction[symbols.number(of: action)] ?? forAnyAction
  }

  private func ask(
    _ position: Int, _ principal: ResolvedEntity, _ resource: ResolvedEntity, _ evaluator: inout Evaluator,
    _ result: inout Authorization
  ) {
    let head = heads[position]
    guard head.principal.matches(principal, groupLists), head.resource.matches(resource, groupLists) else { return }
    do {
      guard try steps.hold(position, &evaluator, principal, resource) else { return }
      if isOnTrial[position] {
        result.trials.append(position)
      } else if head.effect == .permit {
        result.permits.append(position)
      } else {
        result.forbids.append(position)
      }
    } catch {
      result.errors.append((position, error))
      if head.effect == .forbid, !isOnTrial[position] { result.hasErroringForbid = true }
    }
  }
}

/// Numbers for the entities and types that stand in heads of rules.
private struct Symbols: Sendable {
  static let unknown = -1

  private var entities: [EntityUID: Int] = [:]
  private var types: [Text: Int] = [:]

  mutating func add(_ uid: EntityUID) -> Int {
    if let known = entities[uid] { return known }
    entities[uid] = entities.count
    return entities.count - 1
  }

  mutating func add(_ type: Text) -> Int {
    if let known = types[type] { return known }
    types[type] = types.count
    return types.count - 1
  }

  func number(of uid: EntityUID) -> Int { entities[uid] ?? Self.unknown }

  /// An entity by its numbers, as it was prepared or looked up now.
  func resolve(_ uid: EntityUID, _ store: EntityStore) -> ResolvedEntity {
    let entity = store[uid]
    return entity?.resolved ?? resolve(uid, entity?.ancestors ?? [])
  }

  func resolve(_ uid: EntityUID, _ ancestors: [EntityUID]) -> ResolvedEntity {
    let number = number(of: uid)
    var resolved = ResolvedEntity(number: number, type: types[uid.type] ?? Self.unknown, count: entities.count)
    resolved.add(number)
    for ancestor in ancestors { resolved.add(self.number(of: ancestor)) }
    return resolved
  }
}

/// An entity by the numbers of one rule set.
struct ResolvedEntity: Sendable {
  let number: Int
  let type: Int
  /// One bit for itself and everything it is in, as far as any rule names it.
  private var groups: [UInt64]
  /// Whether any rule names a group that it is in, itself aside.
  private(set) var isInGroups = false

  fileprivate init(number: Int, type: Int, count: Int) {
    self.number = number
    self.type = type
    groups = Array(repeating: 0, count: (count + 63) / 64)
  }

  fileprivate mutating func add(_ group: Int) {
    guard group >= 0 else { return }
    groups[group / 64] |= 1 << UInt64(group % 64)
    if group != number { isInGroups = true }
  }

  func isWithin(_ group: Int) -> Bool {
    groups[group / 64] & 1 << UInt64(group % 64) != 0
  }
}

/// The head of one rule in numbers, and nothing else: it is looked at often.
private struct Head: Sendable {
  enum Test: Sendable {
    case any
    case equal(Int)
    case within(Int)
    /// A stretch of the list of groups.
    case withinAny(Range<Int>)
    case type(Int)
    case typeWithin(Int, Int)

    func matches(_ entity: ResolvedEntity, _ groupLists: [Int]) -> Bool {
      switch self {
      case .any: true
      case .equal(let number): entity.number == number
      case .within(let group): entity.isWithin(group)
      case .withinAny(let range): groupLists[range].contains { entity.isWithin($0) }
      case .type(let type): entity.type == type
      case .typeWithin(let type, let group): entity.type == type && entity.isWithin(group)
      }
    }
  }

  let effect: Rule.Effect
  let principal: Test
  let action: Test
  let resource: Test

  init(_ rule: Rule, _ symbols: inout Symbols, _ groupLists: inout [Int]) {
    effect = rule.effect
    principal = Self.test(rule.principal, &symbols, &groupLists)
    action = Self.test(rule.action, &symbols, &groupLists)
    resource = Self.test(rule.resource, &symbols, &groupLists)
  }

  private static func test(
    _ constraint: Rule.Constraint, _ symbols: inout Symbols, _ groupLists: inout [Int]
  ) -> Test {
    switch constraint {
    case .any: return .any
    case .equal(let uid): return .equal(symbols.add(uid))
    case .within(let groups) where groups.count == 1: return .within(symbols.add(groups[0]))
    case .within(let groups):
      let start = groupLists.count
      groupLists += groups.map { symbols.add($0) }
      return .withinAny(start..<groupLists.count)
    case .type(let type): return .type(symbols.add(type))
    case .typeWithin(let type, let group): return .typeWithin(symbols.add(type), symbols.add(group))
    }
  }
}

extension Rule.Constraint {
  /// The entities named.
  var entities: [EntityUID] {
    switch self {
    case .any, .type: []
    case .equal(let uid): [uid]
    case .within(let groups): groups
    case .typeWithin(_, let group): [group]
    }
  }
}

extension Expression {
  /// The same with every test whether principal or resource is in a fixed group made a look at one bit.
  fileprivate func numbered(_ number: (EntityUID) -> Int) -> Expression {
    if case .within(let member, let group) = kind, case .variable(let variable) = member.kind,
      variable == .principal || variable == .resource, case .literal(.entity(let uid)) = group.kind
    {
      return Expression(.isInGroup(variable, number(uid)), at: span)
    }
    return Expression(kind.mapChildren { $0.numbered(number) }, at: span)
  }
}

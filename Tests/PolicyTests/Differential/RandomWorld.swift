import Core

/// Entities and requests for random policies: a small world in which names collide often enough that rules meet.
struct RandomWorld {
  let entities: JSON
  let requests: [JSON]

  static let types = ["User", "Group", "Doc", "Org::Unit"]
  /// Some differ only for those who compare scalars.
  static let ids = ["a", "b", "c", "\u{e9}", "e\u{301}", "a b", "x\"y\\", "*", "", "\u{1f600}"]
  static let actions = ["view", "edit", "all"]
  static let texts = ["", "a", "ab", "a*b", "notes/a", "\u{e9}", "e\u{301}", "\n\"\\", "\u{1f600}b", "0"]
  static let numbers: [Int64] = [0, 1, -1, 2, 7, 100, .max, .min, .max - 1]

  init(_ dice: inout Dice) {
    var names: [(type: String, id: String)] = []
    for type in Self.types { names += Self.ids.prefix(5).map { (type, $0) } }
    names = names.filter { _ in !dice.once(in: 4) }
    var entities: [JSON] = []
    for (index, name) in names.enumerated() {
      // Only what comes later in the list may be a group: no circles.
      var parents: Set<JSON> = []
      for _ in 0..<dice.next(below: 3) where index + 1 < names.count {
        let group = names[index + 1 + dice.next(below: names.count - index - 1)]
        parents.insert(Self.uid(group.type, group.id))
      }
      entities.append([
        "uid": Self.uid(name.type, name.id), "attrs": .object(Self.attributes(&dice)),
        "parents": .array(Array(parents).sorted { $0.canonical < $1.canonical }),
      ])
    }
    for action in Self.actions where !dice.once(in: 4) {
      let groups: [JSON] = action != "all" && dice.once(in: 2) ? [Self.uid("Action", "all")] : []
      entities.append(["uid": Self.uid("Action", action), "attrs": [:], "parents": .array(groups)])
    }
    self.entities = .array(entities)
    requests = dice.list(3...3) { dice in
      [
        "principal": Self.uid("User", dice.one(of: Self.ids)), "action": Self.uid("Action", dice.one(of: Self.actions)),
        "resource": Self.uid(dice.one(of: Self.types), dice.one(of: Self.ids)), "context": .object(Self.attributes(&dice)),
      ]
    }
  }

  private static func uid(_ type: String, _ id: String) -> JSON { ["type": .string(type), "id": .string(id)] }

  /// What policies ask for; each may be absent, and now and then it is of another type.
  private static func attributes(_ dice: inout Dice) -> [String: JSON] {
    var attributes: [String: JSON] = [:]
    for name in RandomPolicies.attributes where !dice.once(in: 5) {
      let kind = dice.once(in: 12) ? dice.one(of: RandomPolicies.Kind.allCases) : RandomPolicies.kind(of: name)
      attributes[name] = value(kind, &dice, depth: 2)
    }
    return attributes
  }

  private static func value(_ kind: RandomPolicies.Kind, _ dice: inout Dice, depth: Int) -> JSON {
    switch kind {
    case .bool: return .bool(dice.once(in: 2))
    case .long: return .integer(dice.one(of: numbers))
    case .string: return .string(dice.one(of: texts))
    case .entity: return ["__entity": uid(dice.one(of: types), dice.one(of: ids))]
    case .set:
      let element = dice.one(of: [RandomPolicies.Kind.long, .string, .entity])
      return .array(dice.list(0...3) { value(element, &$0, depth: 0) })
    case .record:
      guard depth > 0 else { return [:] }
      var members: [String: JSON] = [:]
      for name in RandomPolicies.attributes where dice.once(in: 2) {
        members[name] = value(RandomPolicies.kind(of: name), &dice, depth: depth - 1)
      }
      return .object(members)
    }
  }
}

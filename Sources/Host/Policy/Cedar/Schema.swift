/// What entities, actions and `context` look like: the world that rules speak of.
struct Schema: Sendable {
  /// By full name.
  var entityTypes: [Text: EntityType] = [:]
  var actions: [EntityUID: Action] = [:]

  struct EntityType: Sendable {
    /// Types of the groups that its entities may be in directly.
    var memberOf: Set<Text> = []
    var attributes = RecordType()
    /// The only ids there are; nil when any may exist.
    var ids: [Text]?
  }

  struct Action: Sendable {
    var memberOf: [EntityUID] = []
    var principals: [Text] = []
    var resources: [Text] = []
    var context = RecordType()
  }

  struct RecordType: Sendable, Hashable {
    var attributes: [Text: Attribute] = [:]
    /// Whether there may be attributes that are not listed here.
    var isOpen = false
  }

  struct Attribute: Sendable, Hashable {
    let type: ValueType
    let isRequired: Bool
  }

  indirect enum ValueType: Sendable, Hashable {
    case bool, long, string
    case entity(Text)
    case set(ValueType)
    case record(RecordType)
    /// `decimal`, `ipaddr`, `datetime`, `duration`: known by name, of which no value can exist here.
    case foreign(Text)
    /// Nothing is known.
    case any

    /// A number of which rules see only whole ones.
    static let fractional = ValueType.foreign("a number with a fraction")
  }

  /// All groups that an action is in, directly or not.
  func groups(of action: EntityUID) -> Set<EntityUID> {
    var groups: Set<EntityUID> = []
    var open = actions[action]?.memberOf ?? []
    while let next = open.popLast() {
      if groups.insert(next).inserted { open += actions[next]?.memberOf ?? [] }
    }
    return groups
  }

  /// All types whose entities something of this type may be in, itself included.
  func groupTypes(of type: Text) -> Set<Text> {
    var types: Set<Text> = []
    var open = [type]
    while let next = open.popLast() {
      if types.insert(next).inserted { open += entityTypes[next]?.memberOf ?? [] }
    }
    return types
  }
}

extension Schema.ValueType {
  /// In Cedar's words, for error messages.
  var name: String {
    switch self {
    case .bool: "Bool"
    case .long: "Long"
    case .string: "String"
    case .entity(let type): type.string
    case .set(let element): "Set<\(element.name)>"
    case .record: "a record"
    case .foreign(let name): name.string
    case .any: "anything"
    }
  }
}

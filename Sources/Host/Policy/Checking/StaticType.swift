/// What can be told of a value before there is a request.
indirect enum StaticType: Hashable, Sendable {
  /// With the truth where it is certain.
  case bool(Bool?)
  case long, string
  /// Of one of these types.
  case entity(Set<Text>)
  /// Of elements of this type; nil for the empty set.
  case set(StaticType?)
  case record(Members)
  case foreign(Text)
  /// Nothing is known.
  case any

  struct Members: Hashable, Sendable {
    var types: [Text: StaticType] = [:]
    var optional: Set<Text> = []
    var isOpen = false
  }

  init(_ type: Schema.ValueType) {
    self =
      switch type {
      case .bool: .bool(nil)
      case .long: .long
      case .string: .string
      case .entity(let type): .entity([type])
      case .set(let element): .set(StaticType(element))
      case .record(let record): .record(Members(record))
      case .foreign(let name): .foreign(name)
      case .any: .any
      }
  }

  /// In words, for people.
  var name: String {
    switch self {
    case .bool: "Bool"
    case .long: "Long"
    case .string: "String"
    case .entity(let types): types.map(\.string).sorted().joined(separator: " or ")
    case .set(let element): "Set<\(element?.name ?? "…")>"
    case .record: "a record"
    case .foreign(let name): name.string
    case .any: "anything"
    }
  }

  /// What a value is that is of either type; nil when no rule should mix them.
  func joined(with other: StaticType) -> StaticType? {
    switch (self, other) {
    case (.any, _), (_, .any): return .any
    case (.bool(let left), .bool(let right)): return .bool(left == right ? left : nil)
    case (.long, .long), (.string, .string): return self
    case (.entity(let left), .entity(let right)): return left == right ? self : nil
    case (.foreign(let left), .foreign(let right)): return left == right ? self : nil
    case (.set(let left), .set(let right)):
      guard let left else { return other }
      guard let right else { return self }
      return left.joined(with: right).map { .set($0) }
    case (.record(let left), .record(let right)): return left.joined(with: right).map { .record($0) }
    default: return nil
    }
  }

  /// The same without what is certain of truths.
  var widened: StaticType {
    if case .bool = self { .bool(nil) } else { self }
  }
}

extension StaticType.Members {
  init(_ record: Schema.RecordType) {
    types = record.attributes.mapValues { StaticType($0.type) }
    optional = Set(record.attributes.filter { !$0.value.isRequired }.keys)
    isOpen = record.isOpen
  }

  fileprivate func joined(with other: StaticType.Members) -> StaticType.Members? {
    if isOpen || other.isOpen { return StaticType.Members(isOpen: true) }
    guard Set(types.keys) == Set(other.types.keys), optional == other.optional else { return nil }
    var joined = self
    for (name, type) in types {
      guard let both = other.types[name].flatMap({ type.joined(with: $0) }) else { return nil }
      joined.types[name] = both
    }
    return joined
  }
}

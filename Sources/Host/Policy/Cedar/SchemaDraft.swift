/// A schema as it was written: names are not looked up yet.
struct SchemaDraft {
  struct Name {
    let path: Text
    let span: Span
  }

  indirect enum Shape {
    case name(Name)
    case set(Shape)
    case record([Member])
  }

  struct Member {
    let name: Text
    let shape: Shape
    let isRequired: Bool
  }

  struct Entity {
    let namespace: Text?
    let span: Span
    var memberOf: [Name] = []
    var attributes: Shape = .record([])
    var ids: [Text]?
  }

  struct ActionReference {
    /// Nil for an action of the same namespace.
    let type: Text?
    let id: Text
  }

  struct Action {
    let namespace: Text?
    var memberOf: [ActionReference] = []
    var principals: [Name] = []
    var resources: [Name] = []
    var context: Shape = .record([])
  }

  private struct CommonType {
    let namespace: Text?
    let shape: Shape
  }

  private var entities: [Text: Entity] = [:]
  private var actions: [EntityUID: Action] = [:]
  private var commonTypes: [Text: CommonType] = [:]

  mutating func add(entity name: Text, _ entity: Entity, at span: Span) throws(SyntaxError) {
    let name = Self.qualified(name, in: entity.namespace)
    guard entities.updateValue(entity, forKey: name) == nil else {
      throw SyntaxError(message: "entity type `\(name)` declared twice", span: span)
    }
  }

  mutating func add(action name: Text, _ action: Action, at span: Span) throws(SyntaxError) {
    let uid = EntityUID(Self.qualified("Action", in: action.namespace), name)
    guard actions.updateValue(action, forKey: uid) == nil else {
      throw SyntaxError(message: "action \(uid) declared twice", span: span)
    }
  }

  mutating func add(type name: Text, _ shape: Shape, in namespace: Text?, at span: Span) throws(SyntaxError) {
    let name = Self.qualified(name, in: namespace)
    guard commonTypes.updateValue(CommonType(namespace: namespace, shape: shape), forKey: name) == nil else {
      throw SyntaxError(message: "type `\(name)` declared twice", span: span)
    }
  }

  private static func qualified(_ name: Text, in namespace: Text?) -> Text {
    namespace.map { Text("\($0)::\(name)") } ?? name
  }
}

// MARK: - Looking names up

extension SchemaDraft {
  /// The schema, with every name replaced by what it stands for.
  func schema() throws(SyntaxError) -> Schema {
    var schema = Schema()
    for (name, entity) in entities {
      var memberOf: Set<Text> = []
      for group in entity.memberOf { memberOf.insert(try entityType(group, in: entity.namespace)) }
      schema.entityTypes[name] = Schema.EntityType(
        memberOf: memberOf, attributes: try record(entity.attributes, in: entity.namespace, at: entity.span), ids: entity.ids)
    }
    for (uid, action) in actions {
      var resolved = Schema.Action()
      resolved.memberOf = action.memberOf.map { EntityUID($0.type ?? uid.type, $0.id) }
      for name in action.principals { resolved.principals.append(try entityType(name, in: action.namespace)) }
      for name in action.resources { resolved.resources.append(try entityType(name, in: action.namespace)) }
      resolved.context = try record(action.context, in: action.namespace, at: Span(start: 0, end: 0))
      schema.actions[uid] = resolved
    }
    return schema
  }

  private func entityType(_ name: Name, in namespace: Text?) throws(SyntaxError) -> Text {
    let candidates = [Self.qualified(name.path, in: namespace), name.path]
    guard let found = candidates.first(where: { entities[$0] != nil }) else {
      throw SyntaxError(
        message: "unknown entity type `\(name.path)`", span: name.span,
        help: suggestion(for: name.path.string, among: entities.keys.map(\.string)))
    }
    return found
  }

  private func record(_ shape: Shape, in namespace: Text?, at span: Span) throws(SyntaxError) -> Schema.RecordType {
    guard case .record(let record) = try type(shape, in: namespace, depth: 0) else {
      throw SyntaxError(message: "a record is needed here", span: span)
    }
    return record
  }

  private func type(_ shape: Shape, in namespace: Text?, depth: Int) throws(SyntaxError) -> Schema.ValueType {
    switch shape {
    case .set(let element): return .set(try type(element, in: namespace, depth: depth))
    case .record(let members):
      var record = Schema.RecordType()
      for member in members {
        record.attributes[member.name] = Schema.Attribute(
          type: try type(member.shape, in: namespace, depth: depth), isRequired: member.isRequired)
      }
      return .record(record)
    case .name(let name): return try type(name, in: namespace, depth: depth)
    }
  }

  private func type(_ name: Name, in namespace: Text?, depth: Int) throws(SyntaxError) -> Schema.ValueType {
    for candidate in [Self.qualified(name.path, in: namespace), name.path] {
      if let common = commonTypes[candidate] {
        guard depth < Expression.maximumHeight else {
          throw SyntaxError(message: "type `\(candidate)` is made of itself", span: name.span)
        }
        return try type(common.shape, in: common.namespace, depth: depth + 1)
      }
      if entities[candidate] != nil { return .entity(candidate) }
    }
    let builtIn = name.path.string.hasPrefix("__cedar::") ? String(name.path.string.dropFirst(9)) : name.path.string
    switch builtIn {
    case "Bool", "Boolean": return .bool
    case "Long": return .long
    case "String": return .string
    case "decimal", "ipaddr", "datetime", "duration": return .foreign(Text(builtIn))
    default:
      throw SyntaxError(
        message: "unknown type `\(name.path)`", span: name.span,
        help: suggestion(
          for: name.path.string,
          among: ["Bool", "Long", "String", "Set"] + commonTypes.keys.map(\.string) + entities.keys.map(\.string)))
    }
  }
}

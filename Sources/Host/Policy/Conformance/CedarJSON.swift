import Core

/// Reads entities and requests as official Cedar writes them in JSON. With a schema, values must be of the declared types, and an
/// entity may also stand as `{"type": …, "id": …}` where the schema says that one is due.
struct CedarJSON {
  let source: SourceFile
  let schema: Schema?

  /// The file's content.
  func document() throws(PolicyError) -> JSON {
    do {
      return try JSON(parsing: source.bytes)
    } catch {
      throw PolicyError(
        problems: [source.problem(error.reason, at: Span(start: error.offset, end: error.offset + 1))])
    }
  }

  func problem(_ message: String, at path: String, help: String? = nil) -> PolicyError {
    PolicyError(problems: [PolicyProblem(file: source.name, message: "\(path): \(message)", help: help)])
  }

  /// `{"type": …, "id": …}`, alone or in `{"__entity": …}`.
  func entityUID(_ json: JSON?, at path: String) throws(PolicyError) -> EntityUID {
    guard let inner = json?["__entity"] ?? json, let type = inner["type"]?.string, let id = inner["id"]?.string else {
      throw problem("an entity is needed", at: path, help: "{\"type\": \"User\", \"id\": \"alice\"}")
    }
    let words = type.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let isName = words.enumerated().allSatisfy { index, word in index % 2 == 1 ? word.isEmpty : Parser.isName(word) }
    guard isName, words.count % 2 == 1 else { throw problem("unusable entity type", at: path) }
    return EntityUID(Text(type), Text(id))
  }
}

// MARK: - Values

extension CedarJSON {
  func value(_ json: JSON, as type: Schema.ValueType, at path: String) throws(PolicyError) -> Value {
    switch (json, type) {
    case (_, .foreign(let name)):
      throw problem("`\(name)` is not supported", at: path)
    case (.object(let members), _) where members["__extn"] != nil:
      throw problem("extension values are not supported", at: path)
    case (.object(let members), .any) where members["__entity"] != nil:
      return .entity(try entity(json, of: type, at: path))
    case (.object, .entity):
      return .entity(try entity(json, of: type, at: path))
    case (.object(let members), .record(let record)):
      return .record(try self.record(members, as: record, at: path))
    case (.object(let members), .any):
      return .record(try self.record(members, as: Schema.RecordType(isOpen: true), at: path))
    case (.array(let elements), .set(let element)):
      return .set(try set(elements, of: element, at: path))
    case (.array(let elements), .any):
      return .set(try set(elements, of: .any, at: path))
    case (.bool(let value), .bool), (.bool(let value), .any): return .bool(value)
    case (.integer(let value), .long), (.integer(let value), .any): return .long(value)
    case (.string(let value), .string), (.string(let value), .any): return .string(Text(value))
    case (_, .any):
      throw problem(
        "Cedar has no such value as \(json.typeName == "number" ? "a number with a fraction" : json.typeName)", at: path)
    default:
      throw problem("expected \(type.name), found \(json.typeName)", at: path)
    }
  }

  private func entity(_ json: JSON, of type: Schema.ValueType, at path: String) throws(PolicyError) -> EntityUID {
    let uid = try entityUID(json, at: path)
    if case .entity(let wanted) = type, uid.type != wanted {
      throw problem("expected an entity of type \(wanted), found \(uid.type)", at: path)
    }
    return uid
  }

  private func set(_ elements: [JSON], of type: Schema.ValueType, at path: String) throws(PolicyError) -> Set<Value> {
    var set: Set<Value> = []
    for (index, element) in elements.enumerated() { set.insert(try value(element, as: type, at: "\(path)[\(index)]")) }
    return set
  }

  func record(_ members: [String: JSON], as type: Schema.RecordType, at path: String) throws(PolicyError) -> [Text: Value] {
    var record: [Text: Value] = [:]
    for (name, member) in members {
      let attribute = type.attributes[Text(name)]
      guard attribute != nil || type.isOpen else {
        throw problem("the schema has no attribute `\(name)`", at: path)
      }
      record[Text(name)] = try value(member, as: attribute?.type ?? .any, at: "\(path).\(name)")
    }
    for (name, attribute) in type.attributes where attribute.isRequired && record[name] == nil {
      throw problem("lacks the attribute `\(name)`", at: path)
    }
    return record
  }
}

// MARK: - Entities and requests

extension CedarJSON {
  /// A list of `{"uid": …, "attrs": …, "parents": …}`. Actions of the schema are there in any case; tags are passed over, since no
  /// rule that is taken can ask for one.
  func entities() throws(PolicyError) -> EntityStore {
    guard let list = try document().array else { throw problem("a list of entities is needed", at: "entities") }
    var nodes: [EntityUID: Node] = [:]
    for (uid, _) in schema?.actions ?? [:] {
      nodes[uid] = Node(attributes: [:], parents: schema?.groups(of: uid) ?? [])
    }
    for (index, element) in list.enumerated() {
      let path = "entities[\(index)]"
      let uid = try entityUID(element["uid"], at: "\(path).uid")
      let node = try self.node(element, uid, at: path)
      if let known = nodes[uid], known != node, schema?.actions[uid] == nil {
        throw problem("\(uid) is given twice", at: path)
      }
      nodes[uid] = node
    }
    let store = EntityStore(nodes.map { ($0.key, $0.value.attributes, Array($0.value.parents)) })
    if let cyclic = nodes.keys.first(where: { store[$0]?.ancestors.contains($0) == true }) {
      throw problem("\(cyclic) is in itself", at: "entities")
    }
    return store
  }

  private struct Node: Equatable {
    let attributes: [Text: Value]
    let parents: Set<EntityUID>
  }

  private func node(_ element: JSON, _ uid: EntityUID, at path: String) throws(PolicyError) -> Node {
    guard let attributes = element["attrs"]?.object, let parents = element["parents"]?.array else {
      throw problem("an entity has the members uid, attrs and parents", at: path)
    }
    let type = try entityType(of: uid, at: path)
    var groups: Set<EntityUID> = []
    for (index, parent) in parents.enumerated() {
      let group = try entityUID(parent, at: "\(path).parents[\(index)]")
      if let type, !type.memberOf.contains(group.type) {
        throw problem("the schema lets no \(uid.type) be in a \(group.type)", at: "\(path).parents[\(index)]")
      }
      groups.insert(group)
    }
    let record = type?.attributes ?? Schema.RecordType(isOpen: true)
    return Node(attributes: try self.record(attributes, as: record, at: "\(path).attrs"), parents: groups)
  }

  /// What the schema says of an entity; nil where it has no say.
  private func entityType(of uid: EntityUID, at path: String) throws(PolicyError) -> Schema.EntityType? {
    guard let schema, schema.actions[uid] == nil else { return nil }
    guard let type = schema.entityTypes[uid.type] else {
      throw problem(
        "the schema has no entity type `\(uid.type)`", at: path,
        help: suggestion(for: uid.type.string, among: schema.entityTypes.keys.map(\.string)))
    }
    if let ids = type.ids, !ids.contains(uid.id) { throw problem("the schema has no entity \(uid)", at: path) }
    return type
  }

  /// One request: `{"principal": …, "action": …, "resource": …, "context": …}`.
  func request(_ json: JSON, at path: String) throws(PolicyError) -> Request {
    let principal = try entityUID(json["principal"], at: "\(path).principal")
    let action = try entityUID(json["action"], at: "\(path).action")
    let resource = try entityUID(json["resource"], at: "\(path).resource")
    guard let context = json["context"]?.object ?? (json["context"] == nil ? [:] : nil) else {
      throw problem("the context is a record", at: "\(path).context")
    }
    var type = Schema.RecordType(isOpen: true)
    if let schema {
      guard let declared = schema.actions[action] else {
        throw problem("the schema has no action \(action)", at: "\(path).action")
      }
      guard declared.principals.contains(principal.type), declared.resources.contains(resource.type) else {
        throw problem("by the schema \(action) does not apply to a \(principal.type) and a \(resource.type)", at: path)
      }
      type = declared.context
    }
    return Request(
      principal: principal, action: action, resource: resource, context: try record(context, as: type, at: "\(path).context"))
  }
}

/// One kind of request that rules may meet: the action, and the types of principal and resource with what is known of them.
struct RequestEnvironment: Sendable {
  let action: EntityUID
  let principal: Text
  let resource: Text
  /// The resource itself where each is a kind of its own, as every tool is with its arguments.
  let thing: Entity?
  let context: StaticType.Members

  /// How it is spoken of in messages.
  var name: String {
    let what = thing.map { "\($0.uid)" } ?? "a \(resource)"
    return "\(action) of a \(principal) on \(what)"
  }
}

extension Schema {
  /// Every kind of request that the schema allows.
  var environments: [RequestEnvironment] {
    actions.sorted { $0.key.description < $1.key.description }.flatMap { uid, action in
      action.principals.flatMap { principal in
        action.resources.map { resource in
          RequestEnvironment(
            action: uid, principal: principal, resource: resource, thing: nil, context: StaticType.Members(action.context))
        }
      }
    }
  }
}

extension Rule {
  /// Whether the head leaves room for such requests.
  func mayConcern(_ environment: RequestEnvironment, in schema: Schema) -> Bool {
    action.mayHold(of: environment.action, schema)
      && principal.mayHold(of: environment.principal, known: nil, schema)
      && resource.mayHold(of: environment.resource, known: environment.thing, schema)
  }
}

extension Rule.Constraint {
  fileprivate func mayHold(of action: EntityUID, _ schema: Schema) -> Bool {
    switch self {
    case .any: true
    case .equal(let uid): uid == action
    case .within(let groups): groups.contains { $0 == action || schema.groups(of: action).contains($0) }
    case .type, .typeWithin: false
    }
  }

  fileprivate func mayHold(of type: Text, known: Entity?, _ schema: Schema) -> Bool {
    func mayBeWithin(_ group: EntityUID) -> Bool {
      known.map { $0.isWithin(group) } ?? schema.groupTypes(of: type).contains(group.type)
    }
    return switch self {
    case .any: true
    case .equal(let uid): known.map { $0.uid == uid } ?? (uid.type == type)
    case .within(let groups): groups.contains(where: mayBeWithin)
    case .type(let wanted): wanted == type
    case .typeWithin(let wanted, let group): wanted == type && mayBeWithin(group)
    }
  }
}

package import Core

/// What there is beside rules and tables: the tools of the skills that are loaded, and what skills may ask of the host.
package struct RuleWorld: Sendable {
  package let tools: [Tool]
  package let capabilities: [String]

  package init(tools: [Tool], capabilities: [String]) {
    self.tools = tools
    self.capabilities = capabilities
  }
}

/// The world of our rules as a schema, and the kinds of requests in it.
struct HouseSchema {
  let schema: Schema
  /// One for every loaded tool and its arguments, and one for every capability.
  let particular: [RequestEnvironment]
  /// Of tools that nobody knows yet.
  let general: [RequestEnvironment]

  init(_ world: RuleWorld, roles: RolesTable, gates: GatesTable, toolsets: ToolsetsTable) {
    var schema = Schema()
    let record = { (attributes: [Text: Schema.ValueType]) in
      Schema.RecordType(attributes: attributes.mapValues { Schema.Attribute(type: $0, isRequired: true) })
    }
    let always: [Text: Schema.ValueType] = ["requester": .entity("User"), "minute": .long, "weekday": .long, "mode": .string]
    let inCall: [Text: Schema.ValueType] = [
      "args": .record(Schema.RecordType(isOpen: true)), "untyped": .set(.string), "origin": .string, "scene": .entity("Scene"),
      "channel": .string,
    ]
    let families = world.capabilities.flatMap { RequestFacts.capability($0).ancestors.map(\.id.string) }
    schema.entityTypes = [
      "User": .init(memberOf: ["Role"]),
      "Role": .init(ids: Self.ids(roles.roles.union(gates.all.flatMap(\.approvers)))),
      "Skill": .init(ids: world.tools.isEmpty ? nil : Self.ids(Set(world.tools.map(\.skill)))),
      "Tool": .init(
        memberOf: ["Skill", "Effect", "Toolset"], ids: world.tools.isEmpty ? nil : Self.ids(Set(world.tools.map(\.name)))),
      "Toolset": .init(ids: toolsets.toolsets.map { Text($0.name) }),
      "Effect": .init(ids: ["read", "write"]),
      "Capability": .init(memberOf: ["Capability"], ids: Self.ids(Set(world.capabilities + families))),
      "Scene": .init(memberOf: ["SceneKind"]),
      "SceneKind": .init(ids: Scene.Kind.allCases.map { Text($0.rawValue) }),
    ]
    for action in [Vocabulary.Action.call, .auto, .approve] {
      schema.actions[action.uid] = Schema.Action(
        principals: ["User"], resources: ["Tool"], context: record(always.merging(inCall) { $1 }))
    }
    schema.actions[Vocabulary.Action.use.uid] = Schema.Action(
      principals: ["Skill"], resources: ["Capability"], context: record(always.merging(["effect": .entity("Effect")]) { $1 }))
    self.schema = schema
    general = schema.environments
    particular = general.flatMap { general -> [RequestEnvironment] in
      guard general.resource == "Tool" else {
        return world.capabilities.map { general.narrowed(to: RequestFacts.capability($0), general.context) }
      }
      return world.tools.map { tool in
        var context = general.context
        context.types["args"] = .record(StaticType.Members(Self.arguments(tool.inputSchema)))
        let groups = [EntityUID("Skill", tool.skill), EntityUID("Effect", tool.effect.rawValue)] + toolsets.groups(of: tool.name)
        return general.narrowed(to: Entity(uid: EntityUID("Tool", tool.name), ancestors: groups), context)
      }
    }
  }

  private static func ids(_ names: Set<String>) -> [Text] { names.sorted().map { Text($0) } }

  /// A tool's arguments as rules see them. What may be null, a fraction or mixed may be absent even where it is required.
  private static func arguments(_ schema: JSON) -> Schema.RecordType {
    var record = Schema.RecordType(isOpen: schema["additionalProperties"] != false)
    let required = Set((schema["required"]?.array ?? []).compactMap(\.string))
    for (name, property) in schema["properties"]?.object ?? [:] {
      let (type, isSure) = type(of: property)
      record.attributes[Text(name)] = Schema.Attribute(type: type, isRequired: isSure && required.contains(name))
    }
    return record
  }

  private static func type(of property: JSON) -> (type: Schema.ValueType, isSure: Bool) {
    switch property["type"]?.string {
    case "string": (.string, true)
    case "integer": (.long, true)
    case "boolean": (.bool, true)
    case "number": (.fractional, false)
    case "array": (.set(property["items"].map { type(of: $0).type } ?? .any), false)
    case "object": (.record(arguments(property)), true)
    default: (.any, false)
    }
  }
}

extension RequestEnvironment {
  fileprivate func narrowed(to thing: Entity, _ context: StaticType.Members) -> RequestEnvironment {
    RequestEnvironment(action: action, principal: principal, resource: resource, thing: thing, context: context)
  }
}

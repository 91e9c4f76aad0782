import Core

/// The named arguments that a tool takes.
struct ObjectSchema: Sendable, Equatable {
  struct Property: Sendable, Equatable {
    let name: String
    let schema: ValueSchema
    let isRequired: Bool
  }

  /// In the order of positional use.
  let properties: [Property]

  var toolParameters: [ToolParameter] {
    properties.map {
      ToolParameter(name: $0.name, kind: $0.schema.kind, required: $0.isRequired, summary: $0.schema.summary)
    }
  }

  /// Every argument checked, in the form the tool gets it, with defaults filled in. `path` names an enclosing argument.
  func check(_ arguments: JSON, within path: String? = nil) throws(ToolError) -> [String: JSON] {
    guard let given = arguments.object else {
      throw ToolError(.badArgument, "arguments must be an object, not \(arguments.typeName)")
    }
    let full: (String) -> String = { name in path.map { "\($0).\(name)" } ?? name }
    if let unknown = given.keys.sorted().first(where: { key in !properties.contains { $0.name == key } }) {
      let known = properties.map(\.name).joined(separator: ", ")
      throw ToolError(
        .badArgument, "unknown argument '\(full(String(unknown.prefix(64))))'; known: \(known.isEmpty ? "none" : known)")
    }
    var checked: [String: JSON] = [:]
    for property in properties {
      if let value = given[property.name] {
        checked[property.name] = try property.schema.check(value, for: full(property.name))
      } else if let fallback = property.schema.fallback {
        checked[property.name] = fallback
      } else if property.isRequired {
        throw ToolError(.badArgument, "argument '\(full(property.name))' is missing")
      }
    }
    return checked
  }
}

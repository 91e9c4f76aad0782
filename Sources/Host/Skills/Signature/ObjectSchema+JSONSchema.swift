import Core

extension ObjectSchema {
  /// The arguments as JSON Schema (draft 2020-12), for a model. The same schema always gives the same text.
  ///
  /// It says all that is enforced, but for the limits of C types that no sensible argument comes near.
  var jsonSchema: JSON {
    var members: [String: JSON] = [
      "type": "object", "additionalProperties": false,
      "properties": .object(
        Dictionary(properties.map { ($0.name, $0.schema.jsonSchema) }, uniquingKeysWith: { first, _ in first })),
    ]
    let required = properties.filter(\.isRequired)
    if !required.isEmpty { members["required"] = .array(required.map { .string($0.name) }) }
    return .object(members)
  }
}

extension ValueSchema {
  fileprivate var jsonSchema: JSON {
    var members: [String: JSON] = [:]
    switch shape {
    case .string(let length, _):
      members["type"] = "string"
      if length.lowerBound > 0 { members["minLength"] = .integer(Int64(length.lowerBound)) }
      if length.upperBound < .max { members["maxLength"] = .integer(Int64(length.upperBound)) }
    case .integer(let range):
      members["type"] = "integer"
      if range.lowerBound > .min { members["minimum"] = .integer(range.lowerBound) }
      if range.upperBound < .max { members["maximum"] = .integer(range.upperBound) }
    case .number(let range):
      members["type"] = "number"
      if range.lowerBound > -Self.largestFloat { members["minimum"] = Self.plain(range.lowerBound) }
      if range.upperBound < Self.largestFloat { members["maximum"] = Self.plain(range.upperBound) }
    case .boolean: members["type"] = "boolean"
    case .array(let elements):
      members["type"] = "array"
      if let elements { members["items"] = elements.jsonSchema }
    case .object(let object):
      if let object { members = object.jsonSchema.object ?? [:] } else { members["type"] = "object" }
    }
    if let summary { members["description"] = .string(summary) }
    if let choices { members["enum"] = .array(choices) }
    if let fallback { members["default"] = fallback }
    return .object(members)
  }

  private static let largestFloat = Double(Float.greatestFiniteMagnitude)

  /// A whole number without a fraction: `1` instead of `1.0`.
  private static func plain(_ value: Double) -> JSON {
    Int64(exactly: value).map { .integer($0) } ?? .double(value)
  }
}

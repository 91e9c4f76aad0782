import Core

extension ObjectSchema {
  private static let keywords: Set<String> = [
    "$comment", "$schema", "additionalProperties", "default", "description", "examples", "properties", "required", "title",
    "type",
  ]

  /// Reads a schema of type object. Keywords that this host would not enforce are refused, so that nobody relies on them.
  init(_ value: ManifestValue) throws(SkillRefusal) {
    try value.checkKeywords(Self.keywords)
    if let type = value.member("type"), type.json != "object" { throw type.failure("must be \"object\"") }
    if let additional = value.member("additionalProperties"), additional.json != false {
      throw additional.failure("must be false: unknown arguments are always refused")
    }
    let required = try Self.readRequired(value)
    let members = value.member("properties")
    let schemas = try members?.object() ?? [:]
    if let missing = required.first(where: { schemas[$0] == nil }) {
      throw value.failure("'required' names '\(missing)', which 'properties' does not have")
    }
    // JSON members have no order, so the list of required names gives it; the others follow by name.
    let order = required + schemas.keys.filter { !required.contains($0) }.sorted()
    var properties: [Property] = []
    for name in order {
      guard let member = members?.member(name) else { continue }
      guard !name.isEmpty, name.unicodeScalars.count <= 64, !name.unicodeScalars.contains(where: \.breaksLines) else {
        throw member.failure("a parameter name has 1 to 64 characters and none that controls the line")
      }
      let schema = try ValueSchema(member)
      properties.append(Property(name: name, schema: schema, isRequired: required.contains(name) && schema.fallback == nil))
    }
    guard properties.count <= 64 else { throw value.failure("at most 64 parameters are allowed") }
    self.properties = properties
  }

  /// The parameters of a typed tool, with the descriptions, defaults and ranges that the manifest adds.
  init(_ signature: Signature, refinedBy value: ManifestValue?) throws(SkillRefusal) {
    let refinement = try value.map { value throws(SkillRefusal) in try ObjectSchema(value) } ?? ObjectSchema(properties: [])
    if let value,
      let unknown = refinement.properties.first(where: { property in
        !signature.parameters.contains { $0.name == property.name }
      })
    {
      throw value.failure("'\(unknown.name)' is not a parameter of \(signature.text)")
    }
    var properties: [Property] = []
    for parameter in signature.parameters {
      var schema = ValueSchema(parameter.type.shape)
      if let value, let added = refinement.properties.first(where: { $0.name == parameter.name })?.schema {
        let place = ManifestValue(value.json, path: "\(value.path).properties.\(parameter.name)")
        guard let narrowed = schema.shape.narrowed(by: added.shape) else {
          throw place.failure("does not fit the type \(parameter.type.rawValue)")
        }
        schema = added
        schema.shape = narrowed
        try schema.recheckConstants(place)
      }
      properties.append(Property(name: parameter.name, schema: schema, isRequired: schema.fallback == nil))
    }
    self.properties = properties
  }

  private static func readRequired(_ value: ManifestValue) throws(SkillRefusal) -> [String] {
    guard let list = value.member("required") else { return [] }
    var names: [String] = []
    for element in try list.array(count: 0...64) {
      let name = try element.line(count: 1...64)
      guard !names.contains(name) else { throw element.failure("'\(name)' is listed twice") }
      names.append(name)
    }
    return names
  }
}

extension ValueSchema {
  /// Said to people and models, and allowed everywhere. `pattern` is advice only: matching a skill's expression against a
  /// stranger's text can take for ever.
  private static let remarks: Set<String> = [
    "$comment", "default", "description", "examples", "format", "pattern", "title", "type",
  ]

  init(_ value: ManifestValue) throws(SkillRefusal) {
    let type = try value.required("type")
    let allowed: Set<String>
    switch type.json {
    case "string":
      let shortest = try value.member("minLength")?.integer(in: 0...4_194_304) ?? 0
      let longest = try value.member("maxLength")?.integer(in: shortest...4_194_304)
      shape = .string(length: Int(shortest)...(longest.map { Int($0) } ?? .max), allowsNUL: true)
      allowed = ["minLength", "maxLength", "enum"]
    case "integer":
      let range = try Self.bounds(of: value, within: Int64.min...Int64.max) { $0.integer }
      shape = .integer(range)
      allowed = ["minimum", "maximum", "enum"]
    case "number":
      let range = try Self.bounds(of: value, within: Self.anyNumber) { $0.number }
      shape = .number(range)
      allowed = ["minimum", "maximum", "enum"]
    case "boolean":
      shape = .boolean
      allowed = []
    case "array":
      shape = .array(elements: try value.member("items").map { items throws(SkillRefusal) in try ValueSchema(items) })
      allowed = ["items"]
    case "object":
      shape = .object(value.member("properties") == nil ? nil : try ObjectSchema(value))
      allowed = ["properties", "required", "additionalProperties"]
    default: throw type.failure("must be string, integer, number, boolean, array or object")
    }
    try value.checkKeywords(allowed.union(Self.remarks))
    summary = try value.member("description")?.line(count: 0...400)
    choices = try value.member("enum")?.array(count: 1...128).map(\.json)
    fallback = value.member("default")?.json
    try recheckConstants(value)
  }

  /// Brings `enum` and `default` into the form in which arguments are compared, and refuses those the schema itself would refuse.
  mutating func recheckConstants(_ value: ManifestValue) throws(SkillRefusal) {
    do throws(ToolError) {
      if let listed = choices {
        choices = nil
        var checked: [JSON] = []
        for choice in listed { checked.append(try check(choice, for: "enum")) }
        choices = checked
      }
      if let given = fallback { fallback = try check(given, for: "default") }
    } catch {
      throw value.failure(error.message)
    }
  }

  private static func bounds<Bound>(
    of value: ManifestValue, within limits: ClosedRange<Bound>, _ read: (JSON) -> Bound?
  ) throws(SkillRefusal) -> ClosedRange<Bound> {
    var lower = limits.lowerBound
    var upper = limits.upperBound
    if let minimum = value.member("minimum") {
      guard let bound = read(minimum.json) else { throw minimum.failure("must be a number of the parameter's type") }
      lower = bound
    }
    if let maximum = value.member("maximum") {
      guard let bound = read(maximum.json) else { throw maximum.failure("must be a number of the parameter's type") }
      upper = bound
    }
    guard lower <= upper else { throw value.failure("minimum is above maximum") }
    return lower...upper
  }
}

extension ValueSchema.Shape {
  /// This shape of a C type with the ranges that a manifest adds; nil when the two cannot both hold.
  fileprivate func narrowed(by added: Self) -> Self? {
    switch (self, added) {
    case (.string(_, let allowsNUL), .string(let length, _)): .string(length: length, allowsNUL: allowsNUL)
    case (.integer(let own), .integer(let range)):
      own.overlaps(range) ? .integer(own.clamped(to: range)) : nil
    case (.number(let own), .number(let range)):
      own.overlaps(range) ? .number(own.clamped(to: range)) : nil
    case (.boolean, .boolean): .boolean
    default: nil
    }
  }
}

extension NativeType {
  /// What a JSON argument of this type may be. Integers above `Int64.max` do not exist in our JSON, so u64 ends there.
  fileprivate var shape: ValueSchema.Shape {
    switch self {
    case .i32: .integer(Int64(Int32.min)...Int64(Int32.max))
    case .i64: .integer(Int64.min...Int64.max)
    case .u32: .integer(0...Int64(UInt32.max))
    case .u64: .integer(0...Int64.max)
    case .f32: .number(-Double(Float.greatestFiniteMagnitude)...Double(Float.greatestFiniteMagnitude))
    case .f64: .number(ValueSchema.anyNumber)
    case .bool: .boolean
    case .str: .string(length: 0...Int.max, allowsNUL: false)
    }
  }
}

extension ManifestValue {
  fileprivate func checkKeywords(_ allowed: Set<String>) throws(SkillRefusal) {
    if let unknown = try object().keys.sorted().first(where: { !allowed.contains($0) }) {
      throw failure(
        "the keyword '\(unknown.prefix(64))' is not allowed here; allowed are \(allowed.sorted().joined(separator: ", "))")
    }
  }
}

extension JSON {
  /// Any JSON number as a double.
  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}

import Core
import SkillLoader

extension SkillManifest {
  /// Features that a manifest may list under `requires`.
  static let knownFeatures: Set<String> = []

  /// The ABI version that this host offers to skills.
  static let hostMajor = Int64(OC_ABI_MAJOR)
  static let hostMinor = Int64(OC_ABI_MINOR)

  /// Reads the manifest out of a complete library image, and checks the image against it and against the safety rules.
  init(ofImage bytes: ImageBytes) throws(SkillRefusal) {
    let image = try ELFImage(bytes)
    try self.init(parsing: try image.manifestBytes())
    try image.checkSafety()
    try checkExports(of: image)
  }

  /// Whether the image exports a function for every tool.
  func checkExports(of image: ELFImage) throws(SkillRefusal) {
    let missing = image.missingFunctions(among: Set(tools.map(\.symbol)))
    guard missing.isEmpty else {
      throw SkillRefusal(.manifest, "the library exports no function named \(missing.map { "'\($0)'" }.joined(separator: ", "))")
    }
  }

  /// Reads and checks the JSON of a manifest.
  init(parsing bytes: [UInt8]) throws(SkillRefusal) {
    let root: ManifestValue
    do throws(JSONError) {
      root = ManifestValue(try JSON(parsing: bytes))
    } catch {
      throw SkillRefusal(.manifest, "manifest: not valid JSON: \(error)")
    }
    _ = try root.object()
    minor = try Self.readVersion(try root.required("abi"))
    if let requires = root.member("requires") {
      for feature in try requires.array(count: 0...64) {
        let name = try feature.line(count: 1...64)
        guard Self.knownFeatures.contains(name) else { throw feature.failure("this host does not have the feature '\(name)'") }
      }
    }
    id = try root.required("id").text("reverse-dotted, like org.example.tickets", count: 3...128) {
      $0.contains(".") && Names.isDotted($0)
    }
    version = try root.required("version").text("a version like 1.2.0", count: 5...64, where: Names.isVersion)
    let scopes = try Self.readScopes(root.member("scopes"))
    var tools: [ToolDeclaration] = []
    for value in try root.required("tools").array(count: 1...64) {
      let tool = try ToolDeclaration(value, skillScopes: scopes)
      guard !tools.contains(where: { $0.name == tool.name }) else { throw value.failure("tool '\(tool.name)' is declared twice") }
      tools.append(tool)
    }
    self.tools = tools
  }

  private static func readVersion(_ value: ManifestValue) throws(SkillRefusal) -> UInt32 {
    let numbers = try value.array(count: 2...2)
    let major = try numbers[0].integer(in: 0...Int64(Int32.max))
    let minor = try numbers[1].integer(in: 0...Int64(Int32.max))
    guard isServed(abi: (major, minor), by: (hostMajor, hostMinor)) else {
      throw value.failure("is [\(major),\(minor)], this host offers [\(hostMajor),\(hostMinor)]")
    }
    return UInt32(minor)
  }

  /// The version rule of the ABI: a minor only appends.
  static func isServed(abi: (major: Int64, minor: Int64), by host: (major: Int64, minor: Int64)) -> Bool {
    abi.major == host.major && abi.minor <= host.minor
  }

  fileprivate static func readScopes(_ value: ManifestValue?) throws(SkillRefusal) -> Set<Scope> {
    guard let value else { return [] }
    var scopes: Set<Scope> = []
    for element in try value.array(count: 0...64) {
      let text = try element.line(count: 1...512)
      do throws(ScopeError) {
        scopes.insert(try Scope(parsing: text))
      } catch {
        throw element.failure("\(error)")
      }
    }
    return scopes
  }
}

extension ToolDeclaration {
  fileprivate init(_ value: ManifestValue, skillScopes: Set<Scope>) throws(SkillRefusal) {
    _ = try value.object()
    name = try value.required("name").text(
      "lower-case words joined by dots, like tickets.create", count: 1...64, where: Names.isDotted)
    summary = try value.member("summary")?.line(count: 0...200) ?? ""
    symbol = try value.required("symbol").text("a C identifier", count: 1...Int(OC_SYMBOL_MAX), where: Names.isIdentifier)
    effect = try Self.readEffect(value.member("effect"))
    isIdempotent = try value.member("idempotent")?.bool() ?? false
    scopes = try Self.readScopes(value.member("scopes"), of: effect, within: skillScopes)
    timeout = .milliseconds(try value.member("timeout_ms")?.integer(in: 1...600_000) ?? 10_000)
    maximumResult = Int(try value.member("max_result")?.integer(in: 1...4_194_304) ?? 262_144)
    concurrency = Int(try value.member("concurrency")?.integer(in: 1...64) ?? 1)
    if let result = value.member("result") { _ = try result.object() }
    (signature, input) = try Self.readCall(value)
    rest = try Self.readRest(value.member("rest"), input)
  }

  private static func readEffect(_ value: ManifestValue?) throws(SkillRefusal) -> Effect {
    guard let value else { return .write }
    guard let effect = value.json.string.flatMap(Effect.init(rawValue:)) else {
      throw value.failure("must be \"read\" or \"write\"")
    }
    return effect
  }

  private static func readScopes(
    _ value: ManifestValue?, of effect: Effect, within skillScopes: Set<Scope>
  ) throws(SkillRefusal) -> Set<Scope> {
    guard let value else { return [] }
    let scopes = try SkillManifest.readScopes(value)
    guard scopes.isSubset(of: skillScopes) else { throw value.failure("names a scope that the skill's own 'scopes' does not") }
    guard effect == .write || !scopes.contains(where: \.isWrite) else { throw value.failure("a read tool names a write scope") }
    return scopes
  }

  private static func readCall(_ value: ManifestValue) throws(SkillRefusal) -> (Signature?, ObjectSchema) {
    let call = try value.required("call")
    let text = try call.line(count: 1...Int(OC_SIGNATURE_MAX))
    let parameters = value.member("parameters")
    if text == "json" {
      guard let parameters else { return (nil, ObjectSchema(properties: [])) }
      return (nil, try ObjectSchema(parameters))
    }
    let signature: Signature
    do throws(SignatureError) {
      signature = try Signature(parsing: text)
    } catch {
      throw call.failure("\(error)")
    }
    return (signature, try ObjectSchema(signature, refinedBy: parameters))
  }

  /// Without the key, a tool with a single parameter that is a string takes the whole rest of the line in it.
  private static func readRest(_ value: ManifestValue?, _ input: ObjectSchema) throws(SkillRefusal) -> String? {
    guard let value else {
      guard input.properties.count == 1, let only = input.properties.first, only.schema.kind == .string else { return nil }
      return only.name
    }
    let name = try value.line(count: 1...64)
    guard let property = input.properties.first(where: { $0.name == name }), property.schema.kind == .string else {
      throw value.failure("must name a string parameter of the tool")
    }
    return name
  }
}

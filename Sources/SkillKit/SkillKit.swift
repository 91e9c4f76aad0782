/// What a tool may do to the world.
public enum Effect: Sendable {
  /// It looks things up, and runs without approval.
  case read
  /// It changes something, so it waits for an admin's word.
  case write
}

/// Makes an enum, struct or class into a skill: its static functions that carry `@Tool` are the tools.
///
/// The manifest is made from their declarations when the skill is compiled, so the two cannot disagree.
///
/// - Parameters:
///   - id: reverse-dotted and lower case, `org.example.hello`. Its last word begins the names of the tools.
///   - version: `1.2.0`.
@attached(member, names: named(oc_manifest_note))
@attached(peer, names: prefixed(oc_tools_))
public macro Skill(_ id: String, version: String) = #externalMacro(module: "SkillKitMacros", type: "SkillMacro")

/// Makes a static function of a skill into a tool. All arguments are literals.
///
/// The doc comment is what people and models are told: its first paragraph is the summary, `- Parameter name:` describes a parameter.
/// A default of a parameter that is a literal makes its argument optional. Parameters and results are `Bool`, `String`, `Int`, `Int32`,
/// `Int64`, `UInt`, `UInt32`, `UInt64`, `Float` or `Double`; optionals, arrays and dictionaries of those; a `Call` to reach the host.
///
/// - Parameters:
///   - effect: whether the tool only looks, or changes something.
///   - name: the public name; without it the last word of the skill's id, and the function's name if that is another.
///   - scopes: what it may ask the host for: `kv:read`, `kv:write`, `http:GET https://host/*`, …
///   - idempotent: whether a repeated call does no harm.
///   - timeout: seconds.
///   - concurrency: calls at the same time, each in a process of its own.
///   - ranges: the values allowed for a number, or the number of characters for a `String`: `["times": 1...10]`.
///   - choices: the values allowed for a `String`: `["unit": ["metre", "mile"]]`.
///   - rest: the `String` parameter that takes the rest of a command line as it was written.
@attached(peer)
public macro Tool(
  _ effect: Effect, name: String? = nil, scopes: [String] = [], idempotent: Bool = false, timeout: Double? = nil,
  concurrency: Int = 1, ranges: [String: ClosedRange<Double>] = [:], choices: [String: [String]] = [:], rest: String? = nil
) = #externalMacro(module: "SkillKitMacros", type: "ToolMacro")

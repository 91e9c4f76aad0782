import Core

/// What a skill says about itself, checked. It alone decides effects, scopes and signatures.
struct SkillManifest: Sendable {
  /// The minor version it was written for; the major is the host's.
  let minor: UInt32
  let id: String
  let version: String
  let tools: [ToolDeclaration]
}

/// One tool of a manifest.
struct ToolDeclaration: Sendable {
  let name: String
  let summary: String
  let symbol: String
  let effect: Effect
  /// Whether the skill says that repeating a call does no harm.
  let isIdempotent: Bool
  let scopes: Set<Scope>
  /// Nil for a JSON tool.
  let signature: Signature?
  let input: ObjectSchema
  /// The string parameter that takes the rest of a command line.
  let rest: String?
  let timeout: Duration
  /// Bytes.
  let maximumResult: Int
  let concurrency: Int

  /// What planner, policy and help see of it.
  func tool(skill: String, build: String) -> Tool {
    Tool(
      name: name, skill: skill, build: build, summary: summary, effect: effect, parameters: input.toolParameters, rest: rest,
      inputSchema: input.jsonSchema)
  }
}

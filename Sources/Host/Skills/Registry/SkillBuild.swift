import Core

/// One image of one skill, checked and proven to load, with its tools and running copies. Serves until it is retired and drained.
final class SkillBuild: Sendable {
  /// One tool, looked up once. An object, because routing tables and calls pass it on.
  final class PreparedTool: Sendable {
    let declaration: ToolDeclaration
    let tool: Tool
    /// Its place in the manifest.
    let index: Int
    /// Nil for a JSON tool.
    let typed: TypedArguments?
    /// Bytes of the result.
    let maximumResult: Int

    init(_ declaration: ToolDeclaration, _ tool: Tool, index: Int) {
      self.declaration = declaration
      self.tool = tool
      self.index = index
      maximumResult = declaration.maximumResult
      typed = declaration.signature.map { TypedArguments($0, declaration.input) }
    }
  }

  let manifest: SkillManifest
  /// SHA-256 of the image.
  let hash: String
  /// Whether it runs inside the host process.
  let isTrusted: Bool
  /// Nil when the image is not signed.
  let signature: SkillSignature?
  let tools: [String: PreparedTool]
  private let pools: [Effect: InstancePool]
  private let log: SkillLog
  private let calls = CallCount()

  /// `pools` has one for every effect that a tool of the manifest has.
  init(
    _ manifest: SkillManifest, hash: String, isTrusted: Bool, signature: SkillSignature? = nil, log: SkillLog,
    pools: [Effect: InstancePool]
  ) {
    self.manifest = manifest
    self.hash = hash
    self.isTrusted = isTrusted
    self.signature = signature
    self.log = log
    self.pools = pools
    tools = Self.prepare(manifest, hash)
  }

  private static func prepare(_ manifest: SkillManifest, _ hash: String) -> [String: PreparedTool] {
    var tools: [String: PreparedTool] = [:]
    for (index, declaration) in manifest.tools.enumerated() {
      let tool = declaration.tool(skill: manifest.id, build: hash)
      tools[tool.name] = PreparedTool(declaration, tool, index: index)
    }
    return tools
  }

  /// The copy in this process, once it is open.
  var trustedSkill: TrustedSkill? {
    isTrusted ? (pools[.read] ?? pools[.write])?.first as? TrustedSkill : nil
  }

  /// Starts the first copy, to see that the image can be loaded.
  func prove() async throws(SkillRefusal) {
    try await (pools[.read] ?? pools[.write])?.prove()
  }

  /// Counts a call in. False when the build has been retired and its last call is over.
  func enter() -> Bool { calls.enter() }

  /// Counts a call out.
  func leave() { calls.leave() }

  /// Waits until the last call is over, then ends all copies. Nothing enters after that.
  func retire() async {
    await calls.drain()
    close()
  }

  /// Ends all copies at once; calls in flight fail.
  func close() {
    for pool in pools.values { pool.close() }
  }

  /// Makes one call; the caller has entered. What it may use is fixed here, whatever is granted or taken away meanwhile.
  func call(
    _ call: ToolCall, _ prepared: PreparedTool, grants: SkillGrants, gate: CapabilityGate, limits: SkillLimits, clock: WallClock
  ) async throws(ToolError) -> JSON {
    let declaration = prepared.declaration
    try Self.checkGranted(declaration, of: manifest, grants)
    guard let pool = pools[declaration.effect] else { throw ToolError(.internal, "no runner for this kind of tool") }
    let invocation = try Self.invocation(call, prepared, limits)
    return try await pool.withInstance(for: declaration.name, limit: declaration.concurrency) { instance throws(ToolError) in
      // Everything that it declares is granted, see above.
      let grant = CallGrant(
        skill: manifest.id, build: hash, tool: declaration.name, effect: declaration.effect, scopes: declaration.scopes,
        requester: call.requester, requestID: call.requestID, origin: call.origin, deadline: .now + invocation.timeout, log: log)
      return try await instance.call(invocation, clock: clock) { question in await gate.answer(question, under: grant) }
    }
  }

  /// A tool that needs what is not granted cannot be called.
  static func checkGranted(
    _ tool: ToolDeclaration, of manifest: SkillManifest, _ grants: SkillGrants
  ) throws(ToolError) {
    guard let scope = grants.missing(for: tool).first else { return }
    throw ToolError(
      .denied,
      "'\(tool.name)' waits for a grant of '\(scope.text)'; the operator gives it with: "
        + "openclaw skill grant \(manifest.id) '\(scope.text)'")
  }

  private static func invocation(
    _ call: ToolCall, _ prepared: PreparedTool, _ limits: SkillLimits
  ) throws(ToolError) -> SkillInvocation {
    let declaration = prepared.declaration
    let bytes: [UInt8]
    if let typed = prepared.typed {
      bytes = try typed.withPacked(call.arguments) { Array($0) }
    } else {
      bytes = Array(JSON.object(try declaration.input.check(call.arguments)).canonical.utf8)
    }
    guard bytes.count <= limits.arguments else {
      throw ToolError.argumentsTooLarge(bytes.count, limit: limits.arguments)
    }
    guard call.idempotencyKey.utf8.count <= SkillInvocation.longestKey else {
      throw ToolError(.internal, "the idempotency key is over \(SkillInvocation.longestKey) bytes")
    }
    return SkillInvocation(
      symbol: declaration.symbol, signature: declaration.signature, arguments: bytes, key: call.idempotencyKey,
      timeout: min(declaration.timeout, limits.timeout), maximumResult: min(declaration.maximumResult, limits.result))
  }
}

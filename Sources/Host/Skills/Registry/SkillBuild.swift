import Core
import Synchronization

/// One image of one skill, checked and proven to load, with its tools and running copies. Serves until it is retired and drained.
final class SkillBuild: Sendable {
  private struct Usage: Sendable {
    var calls = 0
    var isRetired = false
    var drained: CheckedContinuation<Void, Never>?
  }

  struct PreparedTool: Sendable {
    let declaration: ToolDeclaration
    let tool: Tool
  }

  let manifest: SkillManifest
  /// SHA-256 of the image.
  let hash: String
  let isTrusted: Bool
  /// Nil when the image is not signed.
  let signature: SkillSignature?
  let tools: [String: PreparedTool]
  private let pools: [Effect: InstancePool]
  private let usage = Mutex(Usage())

  /// `pools` has one for every effect that a tool of the manifest has.
  init(
    _ manifest: SkillManifest, hash: String, isTrusted: Bool, signature: SkillSignature? = nil, pools: [Effect: InstancePool]
  ) {
    self.manifest = manifest
    self.hash = hash
    self.isTrusted = isTrusted
    self.signature = signature
    self.pools = pools
    let prepared = manifest.tools.map { PreparedTool(declaration: $0, tool: $0.tool(skill: manifest.id, build: hash)) }
    tools = Dictionary(prepared.map { ($0.tool.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Starts the first copy, to see that the image can be loaded.
  func prove() async throws(SkillRefusal) {
    try await (pools[.read] ?? pools[.write])?.prove()
  }

  /// Counts a call in. False when the build has been retired: it takes no new calls.
  func enter() -> Bool {
    usage.withLock { usage in
      if usage.isRetired && usage.calls == 0 { return false }
      usage.calls += 1
      return true
    }
  }

  /// Counts a call out.
  func leave() {
    let drained = usage.withLock { usage in
      usage.calls -= 1
      return usage.calls == 0 ? usage.drained.take() : nil
    }
    drained?.resume()
  }

  /// Waits until the last call is over, then ends all copies. Nothing enters after that.
  func retire() async {
    await withCheckedContinuation { continuation in
      let isDrained = usage.withLock { usage in
        usage.isRetired = true
        if usage.calls > 0 { usage.drained = continuation }
        return usage.calls == 0
      }
      if isDrained { continuation.resume() }
    }
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
    if let scope = grants.missing(for: declaration).first {
      throw ToolError(
        .denied,
        "'\(declaration.name)' waits for a grant of '\(scope.text)'; the operator gives it with: openclaw skill grant \(manifest.id)"
      )
    }
    guard let pool = pools[declaration.effect] else { throw ToolError(.internal, "no runner for this kind of tool") }
    let invocation = try Self.invocation(call, declaration, limits)
    let grant = CallGrant(
      skill: manifest.id, build: hash, tool: declaration.name, effect: declaration.effect, scopes: declaration.scopes,
      requester: call.requester, requestID: call.requestID)
    return try await pool.withInstance(for: declaration.name, limit: declaration.concurrency) { instance throws(ToolError) in
      try await instance.call(invocation, clock: clock) { question in await gate.answer(question, under: grant) }
    }
  }

  private static func invocation(
    _ call: ToolCall, _ declaration: ToolDeclaration, _ limits: SkillLimits
  ) throws(ToolError) -> SkillInvocation {
    let arguments = try declaration.input.check(call.arguments)
    let bytes = try declaration.signature?.pack(arguments) ?? Array(JSON.object(arguments).canonical.utf8)
    guard bytes.count <= limits.arguments else {
      throw ToolError(.tooLarge, "the arguments have \(bytes.count) bytes, at most \(limits.arguments) are allowed")
    }
    guard call.idempotencyKey.utf8.count <= SkillInvocation.longestKey else {
      throw ToolError(.internal, "the idempotency key is over \(SkillInvocation.longestKey) bytes")
    }
    return SkillInvocation(
      symbol: declaration.symbol, signature: declaration.signature, arguments: bytes, key: call.idempotencyKey,
      timeout: min(declaration.timeout, limits.timeout), maximumResult: min(declaration.maximumResult, limits.result))
  }
}

import Core
import SkillLoader

/// On whose behalf a call runs and what its tool may ask for. Fixed by the host when the call begins.
struct CallGrant: Sendable {
  let skill: String
  let build: String
  let tool: String
  let effect: Effect
  let scopes: Set<Scope>
  let requester: String
  let requestID: RequestID
}

/// The one door between skills and the world. Every request of every skill, confined or trusted, is decided here.
///
/// What a call may use is what its tool declared ∩ what its effect allows ∩ what policy allows.
struct CapabilityGate: Sendable {
  static let longestKey = 512
  static let largestValue = 65_536
  static let mostEntries: Int64 = 1000
  /// Bytes of one request's JSON.
  static let largestRequest = 2 * largestValue

  private let store: any SkillKeyValueStore
  private let policy: any CapabilityPolicy
  private let clock: WallClock
  private let observe: @Sendable (CapabilityRecord) -> Void

  init(
    store: any SkillKeyValueStore, policy: any CapabilityPolicy, clock: WallClock,
    observe: @escaping @Sendable (CapabilityRecord) -> Void
  ) {
    self.store = store
    self.policy = policy
    self.clock = clock
    self.observe = observe
  }

  /// Decides one request and carries it out.
  func answer(_ question: CapabilityQuestion, under grant: CallGrant) async -> CapabilityAnswer {
    let capability = Capability(rawValue: question.name)
    let outcome: CapabilityRecord.Outcome
    let answer: CapabilityAnswer
    do throws(CapabilityError) {
      guard let capability else {
        throw CapabilityError(
          .unavailable,
          "this host has no capability of that name; it has \(Capability.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      try await authorise(capability, under: grant)
      let result = try await perform(capability, question.json, under: grant)
      let bytes = Array(result.canonical.utf8)
      guard bytes.count <= WireLimit.answer else { throw CapabilityError(.tooLarge, "the answer is too large: ask for less") }
      answer = CapabilityAnswer(status: OC_OK, body: bytes)
      outcome = .ok
    } catch {
      answer = CapabilityAnswer(status: error.status, body: Array(error.reason.utf8))
      outcome = error.outcome
    }
    observe(
      CapabilityRecord(
        skill: grant.skill, build: grant.build, tool: grant.tool, capability: capability?.rawValue ?? "unknown",
        effect: grant.effect, requester: grant.requester, requestID: grant.requestID, outcome: outcome))
    return answer
  }

  private func authorise(_ capability: Capability, under grant: CallGrant) async throws(CapabilityError) {
    let name = capability.rawValue
    if capability.isWrite && grant.effect == .read {
      throw CapabilityError(.denied, "'\(grant.tool)' is a read tool and may not use \(name)")
    }
    if let scope = capability.scope, !grant.scopes.contains(scope) {
      throw CapabilityError(.denied, "'\(grant.tool)' does not declare the scope that \(name) needs")
    }
    guard await policy.mayUse(skill: grant.skill, capability: name, effect: grant.effect, requester: grant.requester) else {
      throw CapabilityError(.denied, "policy does not let '\(grant.skill)' use \(name)")
    }
  }

  private func perform(_ capability: Capability, _ json: [UInt8], under grant: CallGrant) async throws(CapabilityError) -> JSON {
    let request = try CapabilityRequest(json)
    switch capability {
    case .clock:
      try request.allow([])
      return ["unix_ms": .integer(clock.now().milliseconds)]
    case .keyValueGet:
      try request.allow(["key"])
      let key = try request.key()
      guard let value = try await reach({ try await store.value(forKey: key, of: grant.skill) }) else {
        throw CapabilityError(.notFound, "nothing is stored under this key")
      }
      return value
    case .keyValuePut:
      try request.allow(["key", "value"])
      let (key, value) = (try request.key(), try request.value())
      guard try await reach({ try await store.set(value, forKey: key, of: grant.skill) }) else {
        throw CapabilityError(.tooLarge, "the skill's storage quota is used up: delete something first")
      }
      return .null
    case .keyValueDelete:
      try request.allow(["key"])
      let key = try request.key()
      _ = try await reach { try await store.set(nil, forKey: key, of: grant.skill) }
      return .null
    case .keyValueList:
      try request.allow(["prefix", "limit"])
      let (prefix, limit) = (try request.prefix(), try request.limit())
      let entries = try await reach { try await store.entries(withPrefix: prefix, limit: limit, of: grant.skill) }
      return ["entries": .array(entries.prefix(limit).map { ["key": .string($0.key), "value": $0.value] })]
    }
  }

  /// A store that fails is the host's trouble; its error text stays in the host.
  private func reach<Value>(_ work: () async throws -> Value) async throws(CapabilityError) -> Value {
    do {
      return try await work()
    } catch {
      throw CapabilityError(.unavailable, "the host's storage is not available now")
    }
  }
}

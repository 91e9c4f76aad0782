import Core
import SkillLoader
import Synchronization

/// The one door between skills and the world. Every request of every skill, confined or trusted, is decided here.
///
/// What a call may use is what its tool declared ∩ what the operator granted ∩ what its effect allows ∩ what policy allows.
struct CapabilityGate: Sendable {
  static let longestKey = 512
  static let largestValue = 65_536
  static let mostEntries: Int64 = 1000

  let services: CapabilityServices
  let fetcher: HTTPFetcher
  let voices: ChatThrottle
  private let clock: WallClock

  init(_ services: CapabilityServices, fetcher: HTTPFetcher? = nil, clock: WallClock) {
    self.services = services
    self.fetcher = fetcher ?? HTTPFetcher(privateHosts: services.privateHosts)
    self.clock = clock
    voices = ChatThrottle()
  }

  /// One request on its way through the gate.
  struct Passage {
    let capability: Capability
    let grant: CallGrant
    /// As in `CapabilityRecord.target`.
    var target: String?
  }

  /// Decides one request and carries it out.
  func answer(_ question: CapabilityQuestion, under grant: CallGrant) async -> CapabilityAnswer {
    guard let capability = Capability(rawValue: question.name) else {
      let names = Capability.allCases.map(\.rawValue).joined(separator: ", ")
      let error = CapabilityError(.unavailable, "this host has no capability of that name; it has \(names)")
      note(record("unknown", target: nil, grant, error.outcome))
      return CapabilityAnswer(error)
    }
    var passage = Passage(capability: capability, grant: grant)
    let outcome: CapabilityRecord.Outcome
    let answer: CapabilityAnswer
    do throws(CapabilityError) {
      try await authorise(capability, under: grant)
      let request = try CapabilityRequest(question.json, limit: capability.largestRequest)
      let result = try await perform(request, &passage)
      let bytes = Array(result.canonical.utf8)
      guard bytes.count <= WireLimit.answer else { throw CapabilityError(.tooLarge, "the answer is too large: ask for less") }
      answer = CapabilityAnswer(status: OC_OK, body: bytes)
      outcome = .ok
    } catch {
      answer = CapabilityAnswer(error)
      outcome = error.outcome
    }
    note(record(capability.rawValue, target: passage.target, grant, outcome))
    return answer
  }

  /// Whether policy and the tool's effect and scopes let the call use `capability` at all.
  func authorise(_ capability: Capability, under grant: CallGrant) async throws(CapabilityError) {
    let name = capability.rawValue
    if capability.isWrite && grant.effect == .read {
      throw CapabilityError(.denied, "'\(grant.tool)' is a read tool and may not use \(name)")
    }
    if let scope = capability.scope, !grant.scopes.contains(scope) {
      throw CapabilityError(.denied, "'\(grant.tool)' does not declare the scope \(scope.text), which \(name) needs")
    }
    guard
      await services.policy.mayUse(skill: grant.skill, capability: name, effect: grant.effect, requester: grant.requester)
    else {
      throw CapabilityError(.denied, "policy does not let '\(grant.skill)' use \(name)")
    }
  }

  /// Puts it on disk that a permitted request is about to be performed. What cannot be witnessed does not happen.
  func begin(_ passage: Passage) async throws(CapabilityError) {
    guard let witness = services.witness else { return }
    do {
      try await witness.begin(record(passage.capability.rawValue, target: passage.target, passage.grant, .begun))
    } catch {
      throw CapabilityError(.unavailable, "the host cannot write its audit log now, so nothing was done")
    }
  }

  private func note(_ record: CapabilityRecord) {
    services.observe(record)
    services.witness?.note(record)
  }

  private func record(
    _ capability: String, target: String?, _ grant: CallGrant, _ outcome: CapabilityRecord.Outcome
  ) -> CapabilityRecord {
    CapabilityRecord(
      skill: grant.skill, build: grant.build, tool: grant.tool, capability: capability, target: target, effect: grant.effect,
      requester: grant.requester, requestID: grant.requestID, outcome: outcome)
  }

  private func perform(_ request: CapabilityRequest, _ passage: inout Passage) async throws(CapabilityError) -> JSON {
    let grant = passage.grant
    switch passage.capability {
    case .clock:
      try request.allow([])
      return ["unix_ms": .integer(clock.now().milliseconds)]
    case .log:
      try request.allow(["level", "line"])
      let (level, line) = (try request.level(), try request.text("line", longest: Int(OC_MESSAGE_MAX)))
      grant.log?.write(line, level: level)
      return .null
    case .keyValueGet, .keyValuePut, .keyValueDelete, .keyValueList:
      return try await useStorage(request, passage.capability, of: grant.skill)
    case .httpFetch: return try await fetch(request, &passage)
    case .secretUse: return try await sign(request, &passage)
    case .chatSend: return try await say(request, &passage)
    }
  }
}

extension CapabilityAnswer {
  fileprivate init(_ error: CapabilityError) {
    self.init(status: error.status, body: Array(error.reason.utf8))
  }
}

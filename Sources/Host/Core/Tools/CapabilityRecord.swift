/// One request of a skill and what became of it: for counting and audit. Holds no key, no value and no text of the skill.
package struct CapabilityRecord: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    /// Permitted, and about to be performed.
    case begun
    case ok
    case badArgument = "bad_argument"
    case denied
    case notFound = "not_found"
    case unavailable
    case deadline
    case tooLarge = "too_large"
  }

  package let skill: String
  /// SHA-256 of the image.
  package let build: String
  package let tool: String
  /// The capability's name, or `unknown`.
  package let capability: String
  /// What outside the skill's own things it reaches: `GET https://host`, the name of a secret. Never a path, query or value.
  package let target: String?
  package let effect: Effect
  package let requester: String
  package let requestID: RequestID
  package let outcome: Outcome

  package init(
    skill: String, build: String, tool: String, capability: String, target: String? = nil, effect: Effect, requester: String,
    requestID: RequestID, outcome: Outcome
  ) {
    self.skill = skill
    self.build = build
    self.tool = tool
    self.capability = capability
    self.target = target
    self.effect = effect
    self.requester = requester
    self.requestID = requestID
    self.outcome = outcome
  }
}

/// Keeps what skills asked for, for ever.
package protocol CapabilityWitness: Sendable {
  /// Returns when it is on disk that the request is about to be performed. If it throws, the request must not be performed.
  func begin(_ record: CapabilityRecord) async throws
  /// Takes note of what became of a request. Returns at once.
  func note(_ record: CapabilityRecord)
}

package import Core

/// The operator's word on what a skill may use: the fourth verb of policy.
package protocol CapabilityPolicy: Sendable {
  /// Whether `skill` may use `capability` (`kv.get`, `clock`, …) in a call of a tool with this effect, on behalf of `requester`.
  func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool
}

/// One request of a skill and what became of it: for counting and audit. Holds no key, no value and no text of the skill.
package struct CapabilityRecord: Sendable, Equatable {
  package enum Outcome: String, Sendable {
    case ok
    case badArgument = "bad_argument"
    case denied
    case notFound = "not_found"
    case unavailable
    case tooLarge = "too_large"
  }

  package let skill: String
  /// SHA-256 of the image.
  package let build: String
  package let tool: String
  /// The capability's name, or `unknown`.
  package let capability: String
  package let effect: Effect
  package let requester: String
  package let requestID: RequestID
  package let outcome: Outcome
}

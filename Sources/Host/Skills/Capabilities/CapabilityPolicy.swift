package import Core

/// The operator's word on what a skill may use: the fourth verb of policy.
package protocol CapabilityPolicy: Sendable {
  /// Whether `skill` may use `capability` (`kv.get`, `clock`, …) in a call of a tool with this effect, on behalf of `requester`.
  func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool
}

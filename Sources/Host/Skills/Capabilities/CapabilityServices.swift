package import Core

/// What the capabilities of skills stand on. Whatever is absent is answered as unavailable.
package struct CapabilityServices: Sendable {
  /// Keeps what skills store with `kv`.
  package var store: any SkillKeyValueStore
  /// Asked for every request.
  package var policy: any CapabilityPolicy
  /// Secrets that skills may use without reading them.
  package var secrets: SkillSecrets = SkillSecrets()
  /// `host:port` of each place in a private network that skills may reach.
  package var privateHosts: Set<PrivateHost> = []
  /// Says what skills send to chats.
  package var voice: (any SkillVoice)?
  /// Told of every request; nil keeps no account.
  package var witness: (any CapabilityWitness)?
  /// Told of every request's outcome, for counting.
  package var observe: @Sendable (CapabilityRecord) -> Void = { _ in }

  package init(store: any SkillKeyValueStore, policy: any CapabilityPolicy) {
    self.store = store
    self.policy = policy
  }
}

extension SkillDecisions {
  /// The keys that the operator trusts, by the operator's name for them.
  package var trustedKeys: [String: SkillPublicKey] { keys.compactMapValues(SkillPublicKey.init) }
}

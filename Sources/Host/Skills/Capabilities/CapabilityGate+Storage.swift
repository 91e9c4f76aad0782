import Core

extension CapabilityGate {
  /// `kv.*`: keyed storage of one skill.
  func useStorage(
    _ request: CapabilityRequest, _ capability: Capability, of skill: String
  ) async throws(CapabilityError) -> JSON {
    let store = services.store
    switch capability {
    case .keyValuePut:
      try request.allow(["key", "value"])
      let (key, value) = (try request.key(), try request.value())
      guard try await reach({ try await store.set(value, forKey: key, of: skill) }) else {
        throw CapabilityError(.tooLarge, "the skill's storage quota is used up: delete something first")
      }
      return .null
    case .keyValueDelete:
      try request.allow(["key"])
      let key = try request.key()
      _ = try await reach { try await store.set(nil, forKey: key, of: skill) }
      return .null
    case .keyValueList:
      try request.allow(["prefix", "limit"])
      let (prefix, limit) = (try request.prefix(), try request.limit())
      let entries = try await reach { try await store.entries(withPrefix: prefix, limit: limit, of: skill) }
      return ["entries": .array(entries.prefix(limit).map { ["key": .string($0.key), "value": $0.value] })]
    default:
      try request.allow(["key"])
      let key = try request.key()
      guard let value = try await reach({ try await store.value(forKey: key, of: skill) }) else {
        throw CapabilityError(.notFound, "nothing is stored under this key")
      }
      return value
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

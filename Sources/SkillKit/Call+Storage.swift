extension Call {
  /// What is stored under a key, or nil. Scope `kv:read`.
  ///
  /// Throws `internal` when what is stored is of another type.
  public func get<Value: SkillValue>(_ key: String, as type: Value.Type = Value.self) throws(SkillError) -> Value? {
    let json: JSON
    do throws(SkillError) {
      json = try request("kv.get", ["key": .string(key)])
    } catch {
      if error.code == 3 { return nil }
      throw error
    }
    guard let value = Value(json: json) else { throw SkillError(code: 9, "what is stored under '\(key)' is of another type") }
    return value
  }

  /// Stores a value of at most 64 KiB of JSON; it survives crashes, reloads and restarts. Scope `kv:write`.
  public func put(_ key: String, _ value: some SkillValue) throws(SkillError) {
    _ = try request("kv.put", ["key": .string(key), "value": value.json])
  }

  /// Forgets what is stored under a key, if anything. Scope `kv:write`.
  public func delete(_ key: String) throws(SkillError) {
    _ = try request("kv.delete", ["key": .string(key)])
  }

  /// What is stored under keys that begin with a prefix, in key order, at most `limit` (1 to 1000). Scope `kv:read`.
  public func list<Value: SkillValue>(
    prefix: String = "", limit: Int = 1000, as type: Value.Type = Value.self
  ) throws(SkillError) -> [(key: String, value: Value)] {
    let answer = try request("kv.list", ["prefix": .string(prefix), "limit": .integer(Int64(limit))])
    var entries: [(key: String, value: Value)] = []
    for entry in answer["entries"]?.array ?? [] {
      guard let key = entry["key"]?.string, let value = entry["value"].flatMap({ Value(json: $0) }) else {
        throw SkillError(code: 9, "what is stored under '\(prefix)…' is of another type")
      }
      entries.append((key, value))
    }
    return entries
  }

  /// Milliseconds since 1970, by the host's clock.
  public func now() throws(SkillError) -> Int64 {
    try request("clock", [:])["unix_ms"]?.integer ?? 0
  }
}

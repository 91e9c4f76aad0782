package import Core

extension Store: SkillKeyValueStore {
  /// What one skill may keep at most.
  private static let quota = (entries: 10_000, bytes: 16 << 20)

  package func value(forKey key: String, of skill: String) async throws -> JSON? {
    try await read { transaction in
      try transaction.row("SELECT value FROM skill_value WHERE skill = ? AND key = ?", [skill, key])
        .map { try JSON(parsing: try $0["value"] as String) }
    }
  }

  package func set(_ value: JSON?, forKey key: String, of skill: String) async throws -> Bool {
    try await write { transaction in
      guard let value else {
        try transaction.run("DELETE FROM skill_value WHERE skill = ? AND key = ?", [skill, key])
        return true
      }
      let text = value.canonical
      let used = try transaction.row(
        "SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(LENGTH(value)), 0) AS BIGINT) AS bytes FROM skill_value WHERE skill = ? AND key <> ?",
        [skill, key])
      let entries = (try used?["entries"] as Int?) ?? 0
      let bytes = (try used?["bytes"] as Int?) ?? 0
      guard entries < Self.quota.entries, bytes + text.utf8.count <= Self.quota.bytes else { return false }
      try transaction.run(
        """
        INSERT INTO skill_value (skill, key, value) VALUES (?, ?, ?)
        ON CONFLICT (skill, key) DO UPDATE SET value = excluded.value
        """, [skill, key, text])
      return true
    }
  }

  package func entries(withPrefix prefix: String, limit: Int, of skill: String) async throws -> [(key: String, value: JSON)] {
    try await read { transaction in
      // A prefix is not a pattern: LIKE would give `%` and `_` a meaning.
      try transaction.rows(
        "SELECT key, value FROM skill_value WHERE skill = ?1 AND key >= ?2 AND substr(key, 1, length(?2)) = ?2 ORDER BY key LIMIT ?3",
        [skill, prefix, limit]
      ).map { (key: try $0["key"], value: try JSON(parsing: try $0["value"] as String)) }
    }
  }
}

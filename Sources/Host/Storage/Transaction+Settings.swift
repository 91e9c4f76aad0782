extension Transaction {
  /// A small value that survives restarts, such as the mode.
  package func setting(_ name: String) throws -> String? {
    try row("SELECT value FROM setting WHERE name = ?", [name]).map { try $0["value"] }
  }

  /// Sets it; false when that was its value already. Of several who set the same at once, one is told true.
  package func change(_ name: String, to value: String) throws -> Bool {
    try run(
      """
      INSERT INTO setting (name, value) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE setting.value <> excluded.value
      """, [name, value]) == 1
  }

  package func set(_ value: String, forSetting name: String) throws {
    try run(
      "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [name, value])
  }
}

package import Core

/// Rules as they were in force at some time.
package struct StoredPolicy: Sendable {
  /// The digest of the snapshot.
  package let id: String
  /// When they were last taken into force.
  package let at: Timestamp
  /// How many rules.
  package let rules: Int
  /// All files in one text; empty in a list.
  package let files: String
}

extension Transaction {
  /// Sets of rules that are kept.
  package static let keptPolicies = 20

  /// Keeps rules that are taken into force now, and forgets those beyond the last `keptPolicies`, `pinned` aside.
  package func keep(policy id: String, rules: Int, files: String, pinned: String?) throws {
    // Two within one millisecond would not be told apart.
    let last: Int64? = try row("SELECT MAX(at) AS at FROM policy_snapshot", [])?["at"]
    let at = max(now.milliseconds, (last ?? 0) + 1)
    try run(
      """
      INSERT INTO policy_snapshot (id, at, rules, files) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (id) DO UPDATE SET at = excluded.at, files = excluded.files
      """, [id, at, rules, files])
    try run(
      """
      DELETE FROM policy_snapshot WHERE id <> ? AND id NOT IN (SELECT id FROM policy_snapshot ORDER BY at DESC LIMIT ?)
      """, [pinned ?? "", Self.keptPolicies])
  }

  /// What is kept, without its files, the latest first.
  package func policies() throws -> [StoredPolicy] {
    try rows("SELECT id, at, rules, '' AS files FROM policy_snapshot ORDER BY at DESC", []).map(Self.policy)
  }

  /// One of those kept.
  package func policy(_ id: String) throws -> StoredPolicy? {
    try row("SELECT id, at, rules, files FROM policy_snapshot WHERE id = ?", [id]).map(Self.policy)
  }

  private static func policy(_ row: SQLRow) throws -> StoredPolicy {
    StoredPolicy(
      id: try row["id"], at: Timestamp(milliseconds: try row["at"]), rules: try row["rules"], files: try row["files"])
  }
}

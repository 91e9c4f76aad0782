extension SQLiteSchema {
  /// Rules that were in force, and reads that run under a limit on how many may at once.
  static let policy = [
    "CREATE TABLE policy_snapshot (id TEXT PRIMARY KEY, at INTEGER NOT NULL, rules INTEGER NOT NULL, files TEXT NOT NULL)",
    "CREATE INDEX policy_snapshot_at ON policy_snapshot (at)",
    """
    CREATE TABLE running_read (
      key TEXT NOT NULL, request_id TEXT NOT NULL, boot TEXT NOT NULL, PRIMARY KEY (key, request_id)
    ) WITHOUT ROWID
    """,
  ]
}

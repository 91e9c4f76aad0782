extension SQLiteSchema {
  /// What counted when a call was asked for, where its card went, where each word on it was said, and who has to wait after a refusal.
  static let approvals = [
    "ALTER TABLE write_call ADD COLUMN terms TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE write_call ADD COLUMN forwarded TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE write_call ADD COLUMN decided_at INTEGER",
    "CREATE INDEX write_call_decided ON write_call (decided_at, id) WHERE decided_at IS NOT NULL",
    "ALTER TABLE vote ADD COLUMN conversation TEXT",
    "ALTER TABLE vote ADD COLUMN voided TEXT",
    """
    CREATE TABLE cool_down (
      digest TEXT PRIMARY KEY, denials INTEGER NOT NULL, denied_at INTEGER NOT NULL, ends_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX cool_down_denied ON cool_down (denied_at)",
  ]
}

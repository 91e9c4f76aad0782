extension PostgresSchema {
  /// What counted when a call was asked for, where its card went, where each word on it was said, and who has to wait after a refusal.
  static let approvals = [
    "ALTER TABLE write_call ADD COLUMN terms \(text) NOT NULL DEFAULT '[]'",
    "ALTER TABLE write_call ADD COLUMN forwarded \(text) NOT NULL DEFAULT '[]'",
    "ALTER TABLE write_call ADD COLUMN decided_at BIGINT",
    "CREATE INDEX write_call_decided ON write_call (decided_at, id) WHERE decided_at IS NOT NULL",
    "ALTER TABLE vote ADD COLUMN conversation \(text)",
    "ALTER TABLE vote ADD COLUMN voided \(text)",
    """
    CREATE TABLE cool_down (
      digest \(text) PRIMARY KEY, denials BIGINT NOT NULL, denied_at BIGINT NOT NULL, ends_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX cool_down_denied ON cool_down (denied_at)",
  ]
}

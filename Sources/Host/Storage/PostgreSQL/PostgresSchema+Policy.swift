extension PostgresSchema {
  /// Rules that were in force, and reads that run under a limit on how many may at once.
  static let policy = [
    """
    CREATE TABLE policy_snapshot (
      id \(text) PRIMARY KEY, at BIGINT NOT NULL, rules BIGINT NOT NULL, files \(text) NOT NULL
    )
    """,
    "CREATE INDEX policy_snapshot_at ON policy_snapshot (at)",
    """
    CREATE TABLE running_read (
      key \(text) NOT NULL, request_id \(text) NOT NULL, boot \(text) NOT NULL, PRIMARY KEY (key, request_id)
    ) \(churning)
    """,
  ]
}

extension PostgresSchema {
  /// People who proved with a one-time code which account is theirs, and the platform's word on who asked for a write.
  static let people = [
    "CREATE TABLE enrolled_person (name \(text) PRIMARY KEY, roles \(text) NOT NULL)",
    "CREATE TABLE enrolled_id (id \(text) PRIMARY KEY, person \(text) NOT NULL REFERENCES enrolled_person (name))",
    """
    CREATE TABLE enrolment_code (
      digest \(text) PRIMARY KEY, person \(text) NOT NULL, roles \(text) NOT NULL, expires_at BIGINT NOT NULL
    )
    """,
    "CREATE TABLE enrolment_miss (sender \(text) PRIMARY KEY, misses BIGINT NOT NULL, first_at BIGINT NOT NULL)",
    "ALTER TABLE write_call ADD COLUMN requester_role \(text)",
  ]
}

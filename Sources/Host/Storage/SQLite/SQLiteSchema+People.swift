extension SQLiteSchema {
  /// People who proved with a one-time code which account is theirs, and the platform's word on who asked for a write.
  static let people = [
    "CREATE TABLE enrolled_person (name TEXT PRIMARY KEY, roles TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE enrolled_id (id TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES enrolled_person (name)) WITHOUT ROWID",
    // `digest`: keyed; the code itself is nowhere.
    """
    CREATE TABLE enrolment_code (
      digest TEXT PRIMARY KEY, person TEXT NOT NULL, roles TEXT NOT NULL, expires_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE enrolment_miss (
      sender TEXT PRIMARY KEY, misses INTEGER NOT NULL, first_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "ALTER TABLE write_call ADD COLUMN requester_role TEXT",
  ]
}

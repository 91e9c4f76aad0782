extension SQLiteSchema {
  /// Who named wrong codes of late. `misses`: a JSON array of times. `forget_at`: when the row matters no more.
  static let threats = [
    """
    CREATE TABLE code_guess (
      sender TEXT PRIMARY KEY, misses TEXT NOT NULL, muted_until INTEGER, forget_at INTEGER NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE INDEX code_guess_forget ON code_guess (forget_at)",
  ]
}

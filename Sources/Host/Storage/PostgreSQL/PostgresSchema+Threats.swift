extension PostgresSchema {
  /// Who named wrong codes of late. `misses`: a JSON array of times. `forget_at`: when the row matters no more.
  static let threats = [
    """
    CREATE TABLE code_guess (
      sender \(text) PRIMARY KEY, misses \(text) NOT NULL, muted_until BIGINT, forget_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX code_guess_forget ON code_guess (forget_at)",
  ]
}

package import Core

/// The wrong codes that somebody named of late.
package struct CodeGuesses: Sendable, Equatable {
  /// The oldest first.
  package var misses: [Timestamp]
  /// Until when this sender is not listened to.
  package var mutedUntil: Timestamp?

  package init(misses: [Timestamp] = [], mutedUntil: Timestamp? = nil) {
    self.misses = misses
    self.mutedUntil = mutedUntil
  }
}

extension Transaction {
  /// What is remembered of that sender; empty when nothing is.
  package func guesses(of sender: String) throws -> CodeGuesses {
    guard let row = try row("SELECT misses, muted_until FROM code_guess WHERE sender = ?", [sender]) else { return CodeGuesses() }
    let misses: [Int64] = try StoredText.decode(try row["misses"])
    return CodeGuesses(
      misses: misses.map { Timestamp(milliseconds: $0) },
      mutedUntil: (try row["muted_until"] as Int64?).map { Timestamp(milliseconds: $0) })
  }

  /// Remembers until that time, and forgets some of those whose time has come: as many as come new, and more.
  package func remember(_ guesses: CodeGuesses, of sender: String, until time: Timestamp) throws {
    try run(
      """
      INSERT INTO code_guess (sender, misses, muted_until, forget_at) VALUES (?, ?, ?, ?)
      ON CONFLICT (sender) DO UPDATE SET misses = excluded.misses, muted_until = excluded.muted_until, forget_at = excluded.forget_at
      """,
      [
        sender, try StoredText.encode(guesses.misses.map(\.milliseconds)), guesses.mutedUntil?.milliseconds, time.milliseconds,
      ])
    try run(
      """
      DELETE FROM code_guess WHERE sender IN (SELECT sender FROM code_guess WHERE forget_at <= ? ORDER BY forget_at LIMIT 2)
      """, [now.milliseconds])
  }
}

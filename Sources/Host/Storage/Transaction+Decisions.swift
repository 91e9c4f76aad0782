package import Core

/// What a refusal, and how fast people decide, mean for later requests.
extension Transaction {
  /// How long the same call is not asked for again after a denial: this long, twice as long after the next one, and so on.
  private static let firstCoolDown = Duration.seconds(60)
  private static let longestCoolDown = Duration.seconds(3600)
  /// After so long without another, a denial is forgotten.
  private static let memory = Duration.seconds(86_400)

  /// Until when a call with this digest must not be asked for; nil when it may.
  package func coolDown(of digest: String) throws -> Timestamp? {
    let end = try row("SELECT ends_at FROM cool_down WHERE digest = ? AND ends_at > ?", [digest, now.milliseconds])
    return try end.map { Timestamp(milliseconds: try $0["ends_at"]) }
  }

  /// Notes that people denied a call with this digest.
  package func beginCoolDown(of digest: String) throws {
    try run("DELETE FROM cool_down WHERE denied_at < ?", [now.advanced(by: .zero - Self.memory).milliseconds])
    let before: Int64 = try row("SELECT denials FROM cool_down WHERE digest = ?", [digest])?["denials"] ?? 0
    let length = min(Self.firstCoolDown * (1 << min(before, 6)), Self.longestCoolDown)
    try run(
      """
      INSERT INTO cool_down (digest, denials, denied_at, ends_at) VALUES (?, 1, ?, ?)
      ON CONFLICT (digest) DO UPDATE SET denials = cool_down.denials + 1, denied_at = excluded.denied_at, ends_at = excluded.ends_at
      """, [digest, now.milliseconds, now.advanced(by: length).milliseconds])
  }

  /// One request that people decided.
  package struct Decision: Sendable, Equatable {
    package let isApproval: Bool
    /// From the request to the word that decided it.
    package let took: Duration
  }

  /// The requests that people decided last, newest first.
  package func lastDecisions(_ limit: Int) throws -> [Decision] {
    try rows(
      """
      SELECT state, created_at, decided_at FROM write_call WHERE decided_at IS NOT NULL ORDER BY decided_at DESC, id DESC LIMIT ?
      """, [limit]
    ).map { row in
      let decidedAt = Timestamp(milliseconds: try row["decided_at"])
      return Decision(
        isApproval: try (row["state"] as String) != WriteCall.State.denied.rawValue,
        took: decidedAt.since(Timestamp(milliseconds: try row["created_at"])))
    }
  }
}

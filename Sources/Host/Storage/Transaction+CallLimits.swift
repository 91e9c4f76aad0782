package import Core

/// What was used up of allowances for tools. Kept like the rates of the gateway: over restarts, and over all instances.
extension Transaction {
  /// Milliseconds until one more is allowed, rounded up; zero when it is now.
  package func wait(for allowance: String, of kind: String, under limit: RateLimit) throws -> Duration {
    SendingRate.wait(try rate(allowance, kind).delay(under: limit, at: now))
  }

  /// Takes one out of an allowance.
  package func spend(_ allowance: String, of kind: String, under limit: RateLimit) throws {
    var rate = try rate(allowance, kind)
    rate.spend(under: limit, at: now)
    try run(
      """
      INSERT INTO rate_cell (kind, key, paid_until) VALUES (?, ?, ?)
      ON CONFLICT (kind, key) DO UPDATE SET paid_until = excluded.paid_until
      """, [kind, allowance, rate.paidUntil])
  }

  private func rate(_ allowance: String, _ kind: String) throws -> SendingRate {
    SendingRate(
      paidUntil: try row("SELECT paid_until FROM rate_cell WHERE kind = ? AND key = ?", [kind, allowance])?["paid_until"])
  }

  // MARK: Reads that run

  /// Reads that run under `key`; those of dead runs of the service have ended.
  package func runningReads(_ key: String) throws -> Int {
    try run("DELETE FROM running_read WHERE boot <> ? AND boot NOT IN (SELECT boot FROM instance)", [boot])
    return try row("SELECT COUNT(*) AS count FROM running_read WHERE key = ?", [key])?["count"] ?? 0
  }

  /// A read begins to run under `key`.
  package func beginRead(_ request: RequestID, under key: String) throws {
    try run(
      "INSERT INTO running_read (key, request_id, boot) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      [key, request.description, boot])
  }

  /// A read has ended, and with it every place it took.
  package func endRead(_ request: RequestID) throws {
    try run("DELETE FROM running_read WHERE request_id = ?", [request.description])
  }
}

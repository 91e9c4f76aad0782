package import Core

extension Store: RateCellStore {
  /// More than this cannot be told apart anyway.
  private static let mostCells = 262_144

  package func cells() async throws -> [RateCell] {
    try await read { transaction in
      try transaction.rows("SELECT kind, key, paid_until FROM rate_cell LIMIT ?", [Self.mostCells])
        .map { RateCell(kind: try $0["kind"], key: try $0["key"], paidUntil: try $0["paid_until"]) }
    }
  }

  package func keep(_ cells: [RateCell], now: Timestamp) async throws {
    try await write { transaction in
      for cell in cells {
        try transaction.run(
          """
          INSERT INTO rate_cell (kind, key, paid_until) VALUES (?, ?, ?)
          ON CONFLICT (kind, key) DO UPDATE SET paid_until = excluded.paid_until
          """, [cell.kind, cell.key, cell.paidUntil])
      }
      // As many again as came in: the table shrinks as fast as it grows, and no transaction is long.
      try transaction.run(
        """
        DELETE FROM rate_cell WHERE (kind, key) IN (
          SELECT kind, key FROM rate_cell WHERE paid_until <= ? ORDER BY paid_until LIMIT ?)
        """, [now.milliseconds * 1000, max(2 * cells.count, 100)])
    }
  }
}

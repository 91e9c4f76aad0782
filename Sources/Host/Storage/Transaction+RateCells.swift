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

  package func keep(_ cells: [RateCell], now: Timestamp) async throws -> [RateCell] {
    try await write { transaction in
      let kept = try cells.map { cell in
        let row = try transaction.row(
          """
          INSERT INTO rate_cell (kind, key, paid_until) VALUES (?1, ?2, ?3)
          ON CONFLICT (kind, key) DO UPDATE SET paid_until = GREATEST(rate_cell.paid_until, ?3 - ?4) + ?4
          RETURNING paid_until
          """, [cell.kind, cell.key, cell.paidUntil, cell.spent])
        return RateCell(kind: cell.kind, key: cell.key, paidUntil: try row?["paid_until"] ?? cell.paidUntil)
      }
      // As many again as came in: the table shrinks as fast as it grows, and no transaction is long.
      try transaction.run(
        """
        DELETE FROM rate_cell WHERE (kind, key) IN (
          SELECT kind, key FROM rate_cell WHERE paid_until <= ? ORDER BY paid_until LIMIT ?)
        """, [now.milliseconds * 1000, max(2 * cells.count, 100)])
      return kept
    }
  }
}

import Core
import Foundation
import GRDB

extension StoreCopy {
  /// Copies the SQLite store at `path`, which nobody uses, into an empty PostgreSQL store: all of it, or nothing.
  ///
  /// - Parameter check: looks at the copy before it is kept; what it throws undoes everything.
  package static func migrate<Finding: Sendable>(
    from path: String, to address: PostgresAddress, check: @escaping @Sendable (Transaction) throws -> Finding
  ) async throws -> (report: Report, finding: Finding) {
    let source = try SQLiteEngine(path: path, clock: .system, onChange: { _ in })
    // On the reader's own thread, which may wait: a connection to PostgreSQL does not leave it.
    let result = try await source.read { source, _ in
      let opened = try PostgresSchema.open(address)
      let target = PostgresWriter(address, place: PostgresPlace(schema: opened.schema), clock: nil)
      let now = try target.begin()
      do {
        let report = try copy(from: source, to: target)
        for table in tables where table.isCounted { try count(on: table, in: target) }
        let finding = try check(Transaction(connection: target, now: now, boot: "", sendingRules: [:]))
        try target.commit()
        return (report, finding)
      } catch let error as UndecidedCommit {
        throw StoreError(.failed, "the database was lost at the last moment; look whether the copy is there: \(error.reason)")
      } catch {
        target.rollback()
        throw error
      }
    }
    try source.close()
    return result
  }

  /// New rows are numbered behind the copied ones.
  private static func count(on table: Table, in target: PostgresWriter) throws {
    let key = table.key[0]
    _ = try target.rows(
      """
      SELECT setval(pg_get_serial_sequence('\(table.name)', '\(key)'), last) AS last
      FROM (SELECT MAX(\(key)) AS last FROM \(table.name)) AS rows WHERE last IS NOT NULL
      """, [])
  }

  /// Copies a PostgreSQL store, as it is at this moment, into a new SQLite file, while instances go on using it.
  package static func save(_ address: PostgresAddress, to path: String) async throws -> Report {
    let source = try PostgresEngine(address, onChange: { _ in }, onRemoteChange: {})
    let report = try await source.read { source, _ in
      let pool = try DatabasePool(path: path)
      try SQLiteSchema.migrate(pool)
      let file = try DatabaseFile(path)
      let report = try pool.write { database in
        try copy(from: source, to: SQLiteConnection(database: database, clock: .system, file: file))
      }
      try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
      try pool.close()
      return report
    }
    try source.close()
    return report
  }
}

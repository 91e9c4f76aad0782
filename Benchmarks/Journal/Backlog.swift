import Core
import Foundation
import JournalBaseline
import Storage

/// A database in which events wait: the row of one that was accepted, again and again. Gone when nothing holds it any more.
protocol Backlog {
  func open() throws -> Store
}

/// In one SQLite file.
struct SQLiteBacklog: Backlog {
  private let scratch: Scratch

  init(events: Int, conversations: Int) async throws {
    scratch = try Scratch()
    try await acceptOne(in: try scratch.open())
    let scene = "printf('G%06u', i % \(conversations))"
    let statements = """
      BEGIN;
      INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, state)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(events))
        SELECT request_id, 'main/102000000/group:' || \(scene), channel, printf('ROBOT1.0_%010u', i),
          replace(body, 'G000000', \(scene)), received_at, 'pending' FROM n, event WHERE event.seq = 1;
      DELETE FROM event WHERE seq = 1;
      INSERT INTO lane (conversation, ready_at) SELECT DISTINCT conversation, 0 FROM event WHERE state = 'pending'
        ON CONFLICT DO NOTHING;
      INSERT INTO lane (conversation, ready_at)
        WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < \(conversations - 1))
        SELECT 'main/102000000/group:' || \(scene), NULL FROM n WHERE true ON CONFLICT DO NOTHING;
      COMMIT;
      PRAGMA wal_checkpoint(TRUNCATE);
      """
    guard journal_baseline_run(scratch.path, statements) == 0 else { throw Problem("the backlog could not be made") }
  }

  var path: String { scratch.path }

  func open() throws -> Store { try scratch.open() }
}

/// In a PostgreSQL database of its own.
final class PostgresBacklog: Backlog {
  /// The server to measure on; `scripts/with-postgres` starts one and says where it is.
  static let server = ProcessInfo.processInfo.environment["TEST_POSTGRES"]

  private let server: String
  private let name: String

  init(on server: String, events: Int, conversations: Int) async throws {
    self.server = server
    name = "bench\(UUID().uuidString.lowercased().filter { $0 != "-" })"
    try Self.execute("CREATE DATABASE \(name)", at: server)
    try await acceptOne(in: try open())
    let scene = "'G' || lpad((i % \(conversations))::text, 6, '0')"
    let statements = """
      INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, state)
        SELECT request_id, 'main/102000000/group:' || \(scene), channel, 'ROBOT1.0_' || lpad(i::text, 10, '0'),
          replace(body, 'G000000', \(scene)), received_at, 'pending' FROM generate_series(1, \(events)) AS i, event;
      DELETE FROM event WHERE seq = (SELECT min(seq) FROM event);
      INSERT INTO lane (conversation, ready_at) SELECT DISTINCT conversation, 0 FROM event WHERE state = 'pending'
        ON CONFLICT DO NOTHING;
      INSERT INTO lane (conversation, ready_at)
        SELECT 'main/102000000/group:' || \(scene), NULL FROM generate_series(0, \(conversations - 1)) AS i ON CONFLICT DO NOTHING;
      """
    try Self.execute(statements, at: address)
    // As the server does by itself in time.
    try Self.execute("VACUUM ANALYZE", at: address)
    try Self.execute("CHECKPOINT", at: address)
  }

  deinit {
    try? Self.execute("DROP DATABASE \(name)", at: server)
  }

  private var address: String { server.replacing("/postgres?", with: "/\(name)?") }

  func open() throws -> Store { try Store(postgres: PostgresAddress(address)) }

  private static func execute(_ statements: String, at address: String) throws {
    let client = Process()
    client.executableURL = URL(filePath: "/usr/bin/env")
    client.arguments = ["psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--command", statements, address]
    try client.run()
    client.waitUntilExit()
    guard client.terminationStatus == 0 else { throw Problem("psql failed") }
  }
}

/// The row that all others are copies of.
private func acceptOne(in store: Store) async throws {
  let inbox = Inbox(store: store, limit: .max, onAccepted: {})
  _ = try await inbox.accept(SampleEvents.make(1, conversations: 1)[0])
  try store.close()
}

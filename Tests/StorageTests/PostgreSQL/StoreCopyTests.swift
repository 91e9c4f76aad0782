import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("A store that moves to another database")
struct StoreCopyTests {
  private static let available = PostgresServer.address != nil

  struct Refused: Error {}

  /// A store with something in every table.
  private func filled() async throws -> TemporaryStore {
    let rules = SendingRules(textLimit: 500, replies: [.group: .init(replies: 4, window: .seconds(300))])
    let temporary = try TemporaryStore(sendingRules: ["main": rules])
    let store = temporary.store
    for index in 0..<1_203 {
      let event = ChatEvent.sample("\(index)", in: Scene(.group, "\(index % 7)"))
      try await store.write { transaction in
        _ = try transaction.insert(event)
        if index.isMultiple(of: 3) { try transaction.enqueue("answer to \(index)", to: event.replyAddress) }
      }
    }
    try await store.write { transaction in
      for number in 1...5 {
        try transaction.appendAudit(
          sequence: Int64(number), head: "head \(number)", hash: Data([UInt8(number), 0, 255]), salt: Data(), body: "body")
      }
      try transaction.set("ü🐉", forSetting: "x")
      try transaction.keep(CheckpointRow(size: 3, note: "note", nodes: Data([1, 0, 255])))
      try transaction.keepManifest("manifest", last: 1)
      try transaction.enrol("qq:1:A", as: "ann", roles: ["admin"])
      try transaction.keep(
        EnrolmentCode(digest: "c", person: "ann", roles: [], expiresAt: transaction.now.advanced(by: .seconds(9))))
      try transaction.noteEnrolmentMiss(of: "eve", since: transaction.now.advanced(by: .seconds(-9)))
      try transaction.noteAdminChat(of: "root", in: ChatEvent.sample("0").conversation)
      let hour = transaction.now.advanced(by: .seconds(3_600))
      try transaction.remember(CodeGuesses(misses: [transaction.now]), of: "alice", until: hour)
      try transaction.remember(
        Talker(said: "digest", answeredAt: transaction.now), of: "alice", in: ChatEvent.sample("0").conversation)
      var call = WriteCall(
        code: "CODE", digest: "d", state: .pending,
        call: ToolCall(
          tool: Tool(name: "t", skill: "s", build: "b", summary: "", effect: .write, parameters: [], rest: nil), arguments: [:],
          requestID: RequestID(), requester: "alice", idempotencyKey: "k"),
        requesterName: "Alice", conversation: ChatEvent.sample("0").conversation, gates: ["write"], createdAt: transaction.now,
        expiresAt: transaction.now, runWithin: 1, runDeadline: nil, reply: ChatEvent.sample("0").replyAddress)
      call = try transaction.insert(call)
      call.forwarded = [call.conversation]
      call.decidedAt = transaction.now
      try transaction.update(call)
      _ = try transaction.insert(Vote(person: "root", sender: "root", verb: .approve, conversation: call.conversation), on: call)
      try transaction.beginCoolDown(of: "d")
      try transaction.keep(policy: "id", rules: 1, files: "{}", pinned: nil)
      try transaction.beginRead(RequestID(), under: "key")
    }
    _ = try await store.set("value", forKey: "key", of: "skill")
    _ = try await store.keep([RateCell(kind: "sender", key: "a", paidUntil: .max)], now: store.clock.now())
    let raw = RawEvent(channel: "main", type: "x", requestID: RequestID(), receivedAt: store.clock.now(), body: Array("{}".utf8))
    try await RawEventArchive(store: store, key: Data(repeating: 7, count: 32)).keep([raw])
    return temporary
  }

  private func content(_ store: Store) async throws -> [String: [SQLRow]] {
    try await store.read { transaction in
      try StoreCopy.tables.reduce(into: [:]) { content, table in
        let key = table.key.joined(separator: ", ")
        content[table.name] = try transaction.rows("SELECT * FROM \(table.name) ORDER BY \(key)", [])
      }
    }
  }

  private func expectSame(_ one: Store, _ other: Store) async throws {
    let (left, right) = (try await content(one), try await content(other))
    for table in StoreCopy.tables {
      let columns = left[table.name]?.first?.columns.sorted() ?? []
      let values = try [left, right].map { content in
        try content[table.name, default: []].map { row in try columns.map { try row.value(of: $0) } }
      }
      #expect(values[0] == values[1], "\(table.name)")
      #expect(!values[0].isEmpty, "\(table.name) holds nothing to copy")
    }
  }

  @Test("every table is copied, or left out because it says who lives")
  func everyTable() async throws {
    let temporary = try TemporaryStore()
    let names = try await temporary.store.read { transaction in
      try transaction.rows(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations'", []
      ).map { row -> String in try row["name"] }
    }
    #expect(Set(names) == Set(StoreCopy.tables.map(\.name)).union(["instance", "channel_lease"]))
  }

  @Test(
    "holds the same in PostgreSQL, goes on counting there, and is the same again in a file",
    .enabled(if: available, "\(PostgresServer.absence)"))
  func roundTrip() async throws {
    let source = try await filled()
    let address = try PostgresAddress(PostgresServer.newSchema())
    let (report, _) = try await StoreCopy.migrate(from: source.folder.appending(path: "openclaw.db").path, to: address) { _ in }
    #expect(report.tables == StoreCopy.tables.count)
    #expect(report.rows > 1_203)
    let moved = try Store(postgres: address)
    try await expectSame(source.store, moved)

    let file = source.folder.appending(path: "copy.db").path
    #expect(try await StoreCopy.save(address, to: file) == report)
    try await expectSame(source.store, Store(path: file))

    let event = ChatEvent.sample("new")
    #expect(try await moved.write { try $0.insert(event) } == .accepted)
    #expect(try await moved.write { try $0.insert(ChatEvent.sample("3")) } != .accepted)
    let rows = try await moved.read { try $0.rows("SELECT MAX(seq) AS last FROM event", []) }
    #expect(try rows.first?["last"] == 1_204)
  }

  @Test(
    "is backed up while it is used, and restored into an empty one without doing anything again",
    .enabled(if: available, "\(PostgresServer.absence)"))
  func backup() async throws {
    let source = try await filled()
    let address = try PostgresAddress(PostgresServer.newSchema())
    _ = try await StoreCopy.migrate(from: source.folder.appending(path: "openclaw.db").path, to: address) { _ in }
    let folder = BackupFolder(source.folder.appending(path: "backups").path)
    let manifest = try await folder.create(from: address)
    #expect(try folder.list() == [manifest])
    try await folder.verify(manifest)

    await #expect(throws: StoreError.self) { try await folder.restore(manifest, to: address) }
    let empty = try PostgresAddress(PostgresServer.newSchema())
    try await folder.restore(manifest, to: empty)
    let restored = try Store(postgres: empty)
    #expect(restored.pendingEvents == 0)
    #expect(try await restored.read { try $0.rows("SELECT 1 AS found FROM event WHERE state = 'dead'", []).count } == 1_203)
    #expect(try await restored.write { try $0.insert(ChatEvent.sample("3")) } != .accepted)
    try restored.close()
    try await folder.verify(manifest)
  }

  @Test(
    "is not copied into a store that holds anything, nor when what was copied is refused",
    .enabled(if: available, "\(PostgresServer.absence)"))
  func refused() async throws {
    let source = try await filled()
    let place = try PostgresServer.newSchema()
    let address = try PostgresAddress(place)
    let path = source.folder.appending(path: "openclaw.db").path
    await #expect(throws: Refused.self) {
      _ = try await StoreCopy.migrate(from: path, to: address) { _ in throw Refused() }
    }
    #expect(try PostgresServer.execute("SELECT COUNT(*) FROM event", at: place) == ["0"])
    let other = try Store(postgres: address)
    try await other.write { try $0.set("1", forSetting: "x") }
    let error = await #expect(throws: StoreError.self) {
      _ = try await StoreCopy.migrate(from: path, to: address) { _ in }
    }
    #expect(error?.code == .notEmpty)
    #expect(try PostgresServer.execute("SELECT COUNT(*) FROM event", at: place) == ["0"])
  }
}

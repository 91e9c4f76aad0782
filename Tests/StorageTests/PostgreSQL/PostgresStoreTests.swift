import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("A store in PostgreSQL", .enabled(if: PostgresServer.address != nil, "\(PostgresServer.absence)"), .timeLimit(.minutes(5)))
struct PostgresStoreTests {
  private let address: PostgresAddress
  private let place: String

  init() throws {
    place = try PostgresServer.newSchema()
    address = try PostgresAddress(place)
  }

  // MARK: Several instances

  @Test("the writes of several instances happen one after the other: no update is lost")
  func serialised() async throws {
    let stores = try (0..<3).map { _ in try Store(postgres: address) }
    try await stores[0].write { try $0.set("0", forSetting: "count") }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for store in stores {
        for _ in 0..<40 {
          group.addTask {
            try await store.write { transaction in
              let count = try transaction.setting("count").flatMap(Int.init) ?? 0
              try transaction.set("\(count + 1)", forSetting: "count")
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await stores[2].read { try $0.setting("count") } == "120")
  }

  @Test("what one instance commits is told to the others, and not to itself")
  func notification() async throws {
    let (own, tellOwn) = AsyncStream.makeStream(of: Void.self)
    let (foreign, tellForeign) = AsyncStream.makeStream(of: Void.self)
    let one = try Store(postgres: address, onRemoteChange: { tellOwn.yield() })
    let two = try Store(postgres: address, onRemoteChange: { tellForeign.yield() })
    var ownNews = own.makeAsyncIterator()
    var foreignNews = foreign.makeAsyncIterator()
    // Whoever begins to listen may have missed something.
    await ownNews.next()
    await foreignNews.next()
    try await one.write { try $0.set("1", forSetting: "x") }
    await foreignNews.next()
    #expect(try await two.read { try $0.setting("x") } == "1")
    // Nothing came to the writer before what the other one says now.
    try await two.write { try $0.set("2", forSetting: "x") }
    await ownNews.next()
    #expect(try await one.read { try $0.setting("x") } == "2")
    tellOwn.finish()
    #expect(await ownNews.next() == nil)
  }

  @Test("an instance that stands still in the middle of a transaction is put out of it; the others go on")
  func standstill() async throws {
    let (stuck, healthy) = (try Store(postgres: address), try Store(postgres: address))
    let (isInside, tellInside) = AsyncStream.makeStream(of: Void.self)
    let release = DispatchSemaphore(value: 0)
    let late = Task {
      try await stuck.write { transaction in
        try transaction.set("stuck", forSetting: "x")
        tellInside.yield()
        release.wait()
        try transaction.set("stuck", forSetting: "y")
      }
    }
    for await _ in isInside { break }
    try await healthy.write { try $0.set("healthy", forSetting: "x") }
    release.signal()
    let error = await #expect(throws: StoreError.self) { try await late.value }
    #expect(error?.code == .cannotCommit)
    #expect(try await healthy.read { try $0.setting("x") } == "healthy")
    #expect(try await healthy.read { try $0.setting("y") } == nil)
    try await stuck.write { try $0.set("back", forSetting: "x") }
  }

  @Test("what one transaction puts in order is seen as a whole or not at all by those who read")
  func snapshots() async throws {
    let store = try Store(postgres: address)
    let writing = Task {
      for number in 0..<100 {
        try await store.write { transaction in
          try transaction.set("\(number)", forSetting: "a")
          try transaction.set("\(number)", forSetting: "b")
        }
      }
    }
    for _ in 0..<100 {
      let (a, b) = try await store.read { (try $0.setting("a"), try $0.setting("b")) }
      #expect(a == b)
    }
    try await writing.value
  }

  // MARK: Statements

  @Test("values come back as they were; a NUL in a text is replaced")
  func values() async throws {
    let store = try Store(postgres: address)
    let bytes = Data((0...255).map { UInt8($0) })
    let row = try await store.write { transaction in
      try transaction.row(
        "SELECT CAST(?1 AS text) AS a, CAST(?2 AS bigint) AS b, ?3 AS c, ?4 AS d, ?5 AS e, ?6 AS f, 1 = 1 AS g, SUM(CAST(?2 AS bigint)) AS h",
        ["ü\0🐉", Int64.min, bytes, Data(), "", nil as String?])
    }
    let found = try #require(row)
    #expect(try found["a"] == "ü\u{fffd}🐉")
    #expect(try found["b"] == Int64.min)
    #expect(try found["c"] == bytes)
    #expect(try found["d"] == Data())
    #expect(try found["e"] == "")
    #expect(try found["f"] == nil as String?)
    #expect(try found["g"] == true)
    #expect(try found["h"] == Int64.min)
  }

  @Test("a statement that fails is undone with its job alone, also when the job pays no attention to it")
  func failures() async throws {
    let store = try Store(postgres: address)
    let error = await #expect(throws: StoreError.self) {
      try await store.write { transaction in
        try transaction.set("1", forSetting: "careless")
        _ = try? transaction.rows("SELECT 1 / 0", [])
      }
    }
    #expect(error?.code == .failed)
    let spoiled = Task { try await store.write { try $0.run("INSERT INTO setting (name) VALUES (?)", ["spoiled"]) } }
    let good = Task { try await store.write { try $0.set("1", forSetting: "good") } }
    await #expect(throws: StoreError.self) { try await spoiled.value }
    try await good.value
    #expect(try await store.read { try $0.setting("careless") } == nil)
    #expect(try await store.read { try $0.setting("good") } == "1")
  }

  @Test("no error repeats an argument: it may be what somebody wrote")
  func discretion() async throws {
    let store = try Store(postgres: address)
    try await store.write { try $0.set("geheim", forSetting: "geheim") }
    for sql in [
      "SELECT CAST(?1 AS bigint)", "INSERT INTO setting (name, value) VALUES (?1, ?1)", "SELECT CAST(?1 AS boolean)",
      "SELECT CAST(CAST(?1 AS text) AS timestamptz)", "INSERT INTO event (request_id, state) VALUES (?1, ?1)",
    ] {
      let error = await #expect(throws: StoreError.self) { _ = try await store.write { try $0.rows(sql, ["geheim"]) } }
      #expect(error?.message.contains("geheim") == false, "\(sql): \(error?.message ?? "")")
    }
  }

  @Test("more statements than are kept prepared work all the same")
  func manyStatements() async throws {
    let store = try Store(postgres: address)
    for round in 0..<2 {
      for number in stride(from: 0, to: 1200, by: 100) {
        let sums = try await store.write { transaction in
          try (number..<number + 100).map { index -> Int? in
            try transaction.row("SELECT CAST(? AS bigint) + \(index) AS sum", [round])?["sum"]
          }
        }
        #expect(sums == (number..<number + 100).map { $0 + round })
      }
    }
  }

  // MARK: The database

  @Test("instances that start at once on an empty database prepare it once")
  func startAtOnce() async throws {
    let address = address
    let stores = try await withThrowingTaskGroup(of: Store.self) { group in
      for _ in 0..<4 { group.addTask { try Store(postgres: address) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for (index, store) in stores.enumerated() { try await store.write { try $0.set("\(index)", forSetting: "\(index)") } }
    #expect(try PostgresServer.execute("SELECT COUNT(*) FROM setting WHERE name IN ('0', '1', '2', '3')", at: place) == ["4"])
    #expect(try PostgresServer.execute("SELECT string_agg(number::text, ' ' ORDER BY number) FROM migration", at: place) != [""])
  }

  @Test("a database of a newer version is refused")
  func newerSchema() throws {
    try Store(postgres: address).close()
    try PostgresServer.execute("INSERT INTO migration (number) VALUES (999)", at: place)
    let error = #expect(throws: StoreError.self) { try Store(postgres: address) }
    #expect(error?.code == .newerSchema)
  }

  @Test(
    "audit heads can be neither changed nor deleted",
    arguments: [
      "UPDATE audit_head SET head = 'x'", "DELETE FROM audit_head", "TRUNCATE audit_head",
    ])
  func triggers(sql: String) async throws {
    let store = try Store(postgres: address)
    try await store.write { try $0.appendAudit(sequence: 1, head: "{}", hash: Data([1]), salt: Data([2]), body: "{}") }
    #expect(throws: (any Error).self) { try PostgresServer.execute(sql, at: place) }
    #expect(try PostgresServer.execute("SELECT head FROM audit_head", at: place) == ["{}"])
  }

  @Test("tables and columns are those of a SQLite store, and text is ordered by its bytes")
  func twins() async throws {
    _ = try Store(postgres: address)
    let temporary = try TemporaryStore()
    let columns = """
      SELECT table_name || '.' || column_name || ' ' || CASE data_type WHEN 'bigint' THEN 'INTEGER' WHEN 'bytea' THEN 'BLOB'
        WHEN 'text' THEN 'TEXT' ELSE data_type END || ' ' || is_nullable
      FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name NOT IN ('migration', 'commit_mark')
      """
    let theirs = Set(try PostgresServer.execute(columns, at: place))
    let ours = try await temporary.store.read { transaction in
      try transaction.rows(
        """
        SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || CASE WHEN c."notnull" OR c.pk THEN 'NO' ELSE 'YES' END AS text
        FROM sqlite_master m JOIN pragma_table_info(m.name) c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'grdb_migrations'
        """, []
      ).map { row -> String in try row["text"] }
    }
    #expect(theirs.subtracting(ours) == [])
    #expect(Set(ours).subtracting(theirs) == [])
    let foreign = """
      SELECT table_name || '.' || column_name FROM information_schema.columns
      WHERE table_schema = current_schema() AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
      """
    #expect(try PostgresServer.execute(foreign, at: place) == [])
  }

  @Test("an address without a schema is refused with a word on what to do")
  func noSchema() throws {
    let error = #expect(throws: StoreError.self) {
      try Store(postgres: PostgresAddress("\(PostgresServer.address ?? "")&options=-csearch_path%3Dnowhere"))
    }
    #expect(error?.code == .cannotOpen)
    #expect(error?.message.contains("schema") == true)
  }
}

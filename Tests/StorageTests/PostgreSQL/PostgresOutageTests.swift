import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite(
  "When PostgreSQL is gone", .enabled(if: PostgresServer.address != nil, "\(PostgresServer.absence)"), .serialized,
  .timeLimit(.minutes(5)))
struct PostgresOutageTests {
  /// What callers were told about the events that they wanted to store.
  private actor Account {
    private(set) var stored: Set<String> = []
    private(set) var refused: Set<String> = []
    private(set) var isClosed = false

    func note(_ id: String, isStored: Bool) {
      if isStored { stored.insert(id) } else { refused.insert(id) }
    }

    func close() { isClosed = true }
  }

  @Test(
    "killed and started again under load, it holds every event that was acknowledged and none that was refused",
    arguments: [SIGQUIT, SIGKILL])
  func killedUnderLoad(signal: Int32) async throws {
    let cluster = try await PostgresCluster()
    let stores = try (0..<2).map { _ in try Store(postgres: PostgresAddress(cluster.address)) }
    let account = Account()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        let store = stores[writer % 2]
        group.addTask {
          var number = 0
          while await !account.isClosed {
            number += 1
            let id = "\(writer)-\(number)"
            do {
              _ = try await store.write { try $0.insert(ChatEvent.sample(id, in: Scene(.group, "\(writer)"))) }
              await account.note(id, isStored: true)
            } catch let error as StoreError where error.code == .cannotCommit {
              await account.note(id, isStored: false)
              // As a platform would: it comes again a little later.
              try await Task.sleep(for: .milliseconds(20))
            }
          }
        }
      }
      for _ in 0..<6 {
        let before = await account.stored.count
        while await account.stored.count < before + 50 { try await Task.sleep(for: .milliseconds(5)) }
        await cluster.kill(signal)
        try await cluster.start()
      }
      await account.close()
      try await group.waitForAll()
    }
    let kept = try PostgresServer.execute("SELECT message_id FROM event", at: cluster.address)
    #expect(Set(kept).count == kept.count)
    #expect(await account.stored.subtracting(kept) == [])
    #expect(await account.refused.intersection(kept) == [])
    #expect(await !account.refused.isEmpty)
    for store in stores { try store.close() }
  }

  @Test("a write is refused soon, health is told, and both recover by themselves although nobody writes")
  func recovery() async throws {
    let cluster = try await PostgresCluster()
    let (changes, report) = AsyncStream.makeStream(of: StoreError.Code?.self)
    let store = try Store(postgres: PostgresAddress(cluster.address), onChange: { report.yield($0?.code) })
    var change = changes.makeAsyncIterator()
    try await store.write { try $0.set("1", forSetting: "x") }
    await cluster.kill()
    let error = await #expect(throws: StoreError.self) { try await store.write { try $0.set("2", forSetting: "x") } }
    #expect(error?.code == .cannotCommit)
    await #expect(throws: StoreError.self) { try await store.read { try $0.setting("x") } }
    #expect(await change.next() == .cannotCommit)
    try await cluster.start()
    #expect(await change.next() == .some(nil))
    #expect(try await store.read { try $0.setting("x") } == "1")
    try await store.write { try $0.set("3", forSetting: "x") }
    #expect(try await store.read { try $0.setting("x") } == "3")
  }

  @Test("a restart between two writes is not noticed by whoever writes or reads")
  func restartWhileIdle() async throws {
    let cluster = try await PostgresCluster()
    let store = try Store(postgres: PostgresAddress(cluster.address))
    for number in 0..<3 {
      try await store.write { try $0.set("\(number)", forSetting: "x") }
      #expect(try await store.read { try $0.setting("x") } == "\(number)")
      await cluster.kill()
      try await cluster.start()
    }
    #expect(try await store.read { try $0.setting("x") } == "2")
  }

  @Test("a commit that got no answer is told as what became of it, and nobody else is held up", arguments: CutLine.Cut.allCases)
  func undecided(cut: CutLine.Cut) async throws {
    let cluster = try await PostgresCluster()
    let line = try CutLine(to: cluster.folder)
    let (changes, report) = AsyncStream.makeStream(of: StoreError.Code?.self)
    let store = try Store(
      postgres: PostgresAddress("postgres://openclaw@/postgres?host=\(line.folder.path)"), onChange: { report.yield($0?.code) })
    try await store.write { try $0.set("1", forSetting: "x") }
    line.arm(cut)
    let wasStored: Bool
    do {
      try await store.write { try $0.set("2", forSetting: "x") }
      wasStored = true
    } catch let error as StoreError {
      #expect(error.code == .cannotCommit)
      wasStored = false
    }
    #expect(wasStored == (cut == .answer))
    let stored = try PostgresServer.execute("SELECT value FROM setting WHERE name = 'x'", at: cluster.address)
    #expect(stored == [wasStored ? "2" : "1"])
    var change = changes.makeAsyncIterator()
    #expect(await change.next() == .cannotCommit)
    #expect(await change.next() == .some(nil))
    try await store.write { try $0.set("3", forSetting: "x") }
    try store.close()
  }

  @Test("a server that would lose what it acknowledged is refused")
  func unsafeServer() async throws {
    let cluster = try await PostgresCluster("fsync=off")
    let error = #expect(throws: StoreError.self) { try Store(postgres: PostgresAddress(cluster.address)) }
    #expect(error?.code == .cannotOpen)
    #expect(error?.message.contains("fsync") == true)
  }

  @Test("an address where nobody answers is refused with the reason and without the password")
  func nobody() throws {
    let error = #expect(throws: StoreError.self) {
      try Store(postgres: PostgresAddress("postgres://bot:geheim@/robot?host=/nowhere"))
    }
    #expect(error?.code == .cannotOpen)
    #expect(error?.message.contains("postgres://bot@/nowhere/robot") == true)
    #expect(error?.message.contains("geheim") == false)
  }
}

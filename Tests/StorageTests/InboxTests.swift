import Core
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Storage

extension Transaction {
  func insert(_ event: ChatEvent) throws -> Acceptance {
    try insert(event, body: StoredText.encode(event)).get()
  }
}

extension Store {
  /// A setting of SQLite, as its writer sees it.
  func pragma(_ name: String, set value: Int? = nil) async throws -> Int? {
    try await write { try $0.row("PRAGMA \(name)\(value.map { " = \($0)" } ?? "")", [])?[name] }
  }
}

@Suite("The journal's inbox")
struct InboxTests {
  @Test("an event is taken once, whichever of its keys comes back", arguments: StoreKind.tested)
  func dedupe(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let inbox = Inbox(store: temporary.store, limit: 10, onAccepted: {})
    let first = ChatEvent.sample("a", keys: ["outer:1", "message:a"])
    #expect(try await inbox.accept(first) == .accepted)
    #expect(try await inbox.accept(ChatEvent.sample("a", keys: ["outer:1"])) == .duplicate(of: first.requestID))
    #expect(try await inbox.accept(ChatEvent.sample("a", keys: ["outer:2", "message:a"])) == .duplicate(of: first.requestID))
    #expect(try await inbox.accept(ChatEvent.sample("a", keys: ["outer:2"])) == .duplicate(of: first.requestID))
    #expect(try await inbox.accept(first) == .duplicate(of: first.requestID))
    #expect(try await inbox.accept(ChatEvent.sample("b", keys: ["twice", "twice"])) == .accepted)
    #expect(temporary.store.pendingEvents == 2)
  }

  @Test("how full the queue is follows what waits", arguments: StoreKind.tested)
  func fill(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let inbox = Inbox(store: temporary.store, limit: 4, onAccepted: {})
    #expect(inbox.fill == 0)
    for id in ["a", "b", "c"] { _ = try await inbox.accept(ChatEvent.sample(id)) }
    #expect(inbox.fill == 0.75)
    temporary.store.eventFinished()
    #expect(inbox.fill == 0.5)
  }

  @Test("a full queue refuses with queue_full and takes events again when one is done", arguments: StoreKind.tested)
  func bounded(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let inbox = Inbox(store: store, limit: 1, onAccepted: {})
    _ = try await inbox.accept(ChatEvent.sample("a"))
    let error = await #expect(throws: JournalError.self) { _ = try await inbox.accept(ChatEvent.sample("b")) }
    #expect(error?.code == .full)
    try await store.write { transaction in
      let claimed = try #require(try transaction.claimEvent())
      try transaction.complete(claimed)
    }
    store.eventFinished()
    #expect(try await inbox.accept(ChatEvent.sample("b")) == .accepted)
  }

  @Test("one conversation is worked on in order and by one worker, others side by side", arguments: StoreKind.tested)
  func lanes(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    for (id, group) in [("a", "1"), ("b", "1"), ("c", "2")] {
      _ = try await store.write { try $0.insert(ChatEvent.sample(id, in: Scene(.group, group))) }
    }
    let first = try #require(try await store.write { try $0.claimEvent() })
    let second = try #require(try await store.write { try $0.claimEvent() })
    #expect(first.event.messageID == "a")
    #expect(second.event.messageID == "c")
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == nil)
    try await store.write { try $0.complete(first) }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == "b")
  }

  @Test("what arrives while a lane is owned is seen when the owner is done", arguments: StoreKind.tested)
  func noLostWakeup(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    _ = try await store.write { try $0.insert(ChatEvent.sample("a")) }
    let first = try #require(try await store.write { try $0.claimEvent() })
    _ = try await store.write { try $0.insert(ChatEvent.sample("b")) }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == nil)
    try await store.write { try $0.complete(first) }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == "b")
  }

  @Test("a retried event keeps its place and comes back when it is due, a buried one does not", arguments: StoreKind.tested)
  func retry(kind: StoreKind) async throws {
    let time = Mutex(Timestamp(milliseconds: 1_000))
    let temporary = try TemporaryStore(on: kind, clock: WallClock { time.withLock { $0 } })
    let store = temporary.store
    for id in ["a", "b"] { _ = try await store.write { try $0.insert(ChatEvent.sample(id)) } }
    let first = try #require(try await store.write { try $0.claimEvent() })
    try await store.write { try $0.retry(first, at: Timestamp(milliseconds: 5_000), error: "later") }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == nil)
    #expect(try await store.read { try $0.nextLaneDue() } == Timestamp(milliseconds: 5_000))
    time.withLock { $0 = Timestamp(milliseconds: 5_000) }
    let again = try #require(try await store.write { try $0.claimEvent() })
    #expect(again.event.messageID == "a")
    #expect(again.attempt == 2)
    try await store.write { try $0.bury(again, error: "poison") }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == "b")
  }

  @Test("a row that cannot be read is put aside and holds nobody up", arguments: StoreKind.tested)
  func unreadable(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    for id in ["a", "b"] { _ = try await store.write { try $0.insert(ChatEvent.sample(id)) } }
    _ = try await store.write { try $0.run("UPDATE event SET body = 'x' WHERE message_id = 'a'", []) }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == "b")
  }

  @Test("after a restart the claims of the run that died are free again, and nothing else changed", arguments: StoreKind.tested)
  func restart(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    for id in ["a", "b"] { _ = try await temporary.store.write { try $0.insert(ChatEvent.sample(id)) } }
    _ = try await temporary.store.write { try $0.claimEvent() }
    let next = try temporary.reopened()
    #expect(next.pendingEvents == 2)
    try await next.write { try $0.freeLanesOfTheDead() }
    let claimed = try #require(try await next.write { try $0.claimEvent() })
    #expect(claimed.event.messageID == "a")
    #expect(claimed.attempt == 2)
  }

  @Test(
    "what an earlier run put off is due after a restart, also when the clock was set back in between", arguments: StoreKind.tested
  )
  func clockSetBack(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind, clock: WallClock { Timestamp(seconds: 2_000_000_000) })
    for id in ["a", "b"] { _ = try await temporary.store.write { try $0.insert(ChatEvent.sample(id)) } }
    let next = try temporary.reopened(clock: WallClock { Timestamp(seconds: 1_900_000_000) })
    #expect(try await next.write { try $0.claimEvent()?.event.messageID } == nil)
    try await next.write { try $0.hurryLanes() }
    #expect(try await next.write { try $0.claimEvent()?.event.messageID } == "a")
  }
}

@Suite("Commits")
struct CommitTests {
  struct Spoiled: Error {}

  @Test("the writer syncs every commit in full")
  func synchronousFull() async throws {
    let temporary = try TemporaryStore()
    #expect(try await temporary.store.pragma("synchronous") == 2)
    let journal: String? = try await temporary.store.write { try $0.row("PRAGMA journal_mode", [])?["journal_mode"] }
    #expect(journal == "wal")
  }

  @Test("a transaction that throws takes back its own changes and nobody else's", arguments: StoreKind.tested)
  func isolation(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<60 {
        group.addTask {
          do {
            try await store.write { transaction in
              try transaction.set("\(index)", forSetting: "value \(index)")
              if index.isMultiple(of: 3) { throw Spoiled() }
            }
          } catch is Spoiled {}
        }
      }
      try await group.waitForAll()
    }
    for index in 0..<60 {
      let stored = try await store.read { try $0.setting("value \(index)") }
      #expect((stored == nil) == index.isMultiple(of: 3))
    }
  }

  @Test("a full disk fails the caller, keeps what was committed, and works again when there is room")
  func fullDisk() async throws {
    let temporary = try TemporaryStore()
    let store = temporary.store
    try await store.write { try $0.set("kept", forSetting: "before") }
    let pages = try #require(try await store.pragma("page_count"))
    _ = try await store.pragma("max_page_count", set: pages)
    let large = String(repeating: "x", count: 100_000)
    await #expect(throws: (any Error).self) { try await store.write { try $0.set(large, forSetting: "large") } }
    #expect(try await store.read { try $0.setting("before") } == "kept")
    _ = try await store.pragma("max_page_count", set: 1_000_000)
    try await store.write { try $0.set(large, forSetting: "large") }
    #expect(try await store.read { try $0.setting("large") } == large)
  }

  @Test("while the disk is full a known outcome is kept until there is room, and the change is told both ways")
  func untilThereIsRoom() async throws {
    let (changes, report) = AsyncStream.makeStream(of: StoreError.Code?.self)
    let temporary = try TemporaryStore(onChange: { report.yield($0?.code) })
    let store = temporary.store
    let pages = try #require(try await store.pragma("page_count"))
    _ = try await store.pragma("max_page_count", set: pages)
    let large = String(repeating: "x", count: 100_000)
    async let kept: Void = store.writeWhenPossible { try $0.set(large, forSetting: "large") }
    var change = changes.makeAsyncIterator()
    #expect(await change.next() == .cannotCommit)
    _ = try await store.pragma("max_page_count", set: 1_000_000)
    try await kept
    #expect(try await store.read { try $0.setting("large") } == large)
    #expect(await change.next() == .some(nil))
  }

  @Test("a file that is no database is refused by name, and left as it is")
  func damaged() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "openclaw.db")
    let text = Data(String(repeating: "not a database\n", count: 1_000).utf8)
    try text.write(to: file)
    let error = #expect(throws: StoreError.self) { try Store(path: file.path) }
    #expect(error?.code == .damaged)
    #expect(try Data(contentsOf: file) == text)
  }

  @Test("a database of a newer version is refused")
  func newerSchema() async throws {
    let temporary = try TemporaryStore()
    _ = try await temporary.store.write { try $0.run("INSERT INTO grdb_migrations VALUES ('999')", []) }
    let error = #expect(throws: StoreError.self) { try temporary.reopened() }
    #expect(error?.code == .newerSchema)
  }

  @Test("audit heads can be neither changed nor deleted")
  func triggers() async throws {
    let temporary = try TemporaryStore()
    try await temporary.store.write {
      try $0.appendAudit(sequence: 1, head: "{}", hash: Data([1]), salt: Data([2]), body: "{}")
    }
    for sql in ["UPDATE audit_head SET head = 'x'", "DELETE FROM audit_head"] {
      await #expect(throws: StoreError.self) { try await temporary.store.write { try $0.run(sql, []) } }
    }
  }
}

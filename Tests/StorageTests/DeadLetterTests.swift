import Core
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("Events that were put aside")
struct DeadLetterTests {
  /// A store with the events put aside in this order, one millisecond after another.
  private func buried(on kind: StoreKind, _ ids: [String], then waiting: [String] = []) async throws -> TemporaryStore {
    let time = Mutex<Int64>(1_000)
    let temporary = try TemporaryStore(on: kind, clock: WallClock { Timestamp(milliseconds: time.withLock { $0 }) })
    for id in ids + waiting {
      _ = try await temporary.store.write { try $0.insert(ChatEvent.sample(id)) }
    }
    for _ in ids {
      time.withLock { $0 += 1 }
      try await temporary.store.write { transaction in
        let claimed = try #require(try transaction.claimEvent())
        try transaction.bury(claimed, error: "poison")
      }
    }
    return temporary
  }

  @Test("are listed oldest first and counted, and one is shown with what it says", arguments: StoreKind.tested)
  func list(kind: StoreKind) async throws {
    let temporary = try await buried(on: kind, ["a", "b", "c"])
    let store = temporary.store
    let letters = try await store.read { try $0.deadLetters(limit: 2) }
    #expect(letters.map(\.buriedAt.milliseconds) == [1_001, 1_002])
    #expect(letters.map(\.error) == ["poison", "poison"])
    #expect(letters.map(\.attempts) == [1, 1])
    #expect(try await store.read { try $0.deadLetterCount() } == 3)
    let found = try await store.read { try $0.deadLetter(letters[0].sequence) }
    #expect(found?.letter == letters[0])
    #expect(found?.body.contains("text of a") == true)
    #expect(try await store.read { try $0.deadLetter(99) == nil })
  }

  @Test("one that is put back is worked on at its old place, as if it had never been tried", arguments: StoreKind.tested)
  func revive(kind: StoreKind) async throws {
    let temporary = try await buried(on: kind, ["a"], then: ["b"])
    let store = temporary.store
    let sequence = try #require(try await store.read { try $0.deadLetters(limit: 1) }.first?.sequence)
    #expect(try await store.write { try $0.revive(sequence) } != nil)
    #expect(try await store.write { try $0.revive(sequence) } == nil)
    let claimed = try #require(try await store.write { try $0.claimEvent() })
    #expect(claimed.event.messageID == "a")
    #expect(claimed.attempt == 1)
    #expect(try await store.read { try $0.deadLetterCount() } == 0)
  }

  @Test("one that is put back while its conversation is worked on comes next", arguments: StoreKind.tested)
  func reviveBusy(kind: StoreKind) async throws {
    let temporary = try await buried(on: kind, ["a"], then: ["b", "c"])
    let store = temporary.store
    let sequence = try #require(try await store.read { try $0.deadLetters(limit: 1) }.first?.sequence)
    let busy = try #require(try await store.write { try $0.claimEvent() })
    #expect(try await store.write { try $0.revive(sequence) } != nil)
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == nil)
    try await store.write { try $0.complete(busy) }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == "a")
  }

  @Test("one that is dropped is gone, and its redelivery is still recognised", arguments: StoreKind.tested)
  func drop(kind: StoreKind) async throws {
    let temporary = try await buried(on: kind, ["a"])
    let store = temporary.store
    let sequence = try #require(try await store.read { try $0.deadLetters(limit: 1) }.first?.sequence)
    #expect(try await store.write { try $0.drop(sequence) } != nil)
    #expect(try await store.write { try $0.drop(sequence) } == nil)
    #expect(try await store.read { try $0.deadLetterCount() } == 0)
    guard case .duplicate = try await store.write({ try $0.insert(ChatEvent.sample("a")) }) else {
      Issue.record("not recognised")
      return
    }
  }

  @Test("neither verb touches an event that waits, or is done", arguments: StoreKind.tested)
  func others(kind: StoreKind) async throws {
    let temporary = try await buried(on: kind, [], then: ["a", "b"])
    let store = temporary.store
    let claimed = try #require(try await store.write { try $0.claimEvent() })
    try await store.write { try $0.complete(claimed) }
    for sequence in [claimed.sequence, claimed.sequence + 1] {
      #expect(try await store.write { try $0.revive(sequence) } == nil)
      #expect(try await store.write { try $0.drop(sequence) } == nil)
    }
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == "b")
  }

  @Test("an event that cannot be read is put aside at once, and told", arguments: StoreKind.tested)
  func unreadable(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    for id in ["a", "b"] { _ = try await store.write { try $0.insert(ChatEvent.sample(id)) } }
    _ = try await store.write { try $0.run("UPDATE event SET body = 'x' WHERE message_id = 'a'", []) }
    let (claimed, told) = try await store.write { transaction in
      var told: [Int64] = []
      let claimed = try transaction.claimEvent { told.append($0) }
      return (claimed?.event.messageID, told)
    }
    #expect(claimed == "b")
    #expect(try await store.read { try $0.deadLetters(limit: 9) }.map(\.sequence) == told)
    #expect(told.count == 1)
  }
}

import Core
import Synchronization
import TestSupport
import Testing

@testable import Storage

@Suite("What is worked on first")
struct PriorityTests {
  private func insert(
    _ ids: [String], as kind: EventClass, in group: String = "1", limit: Int? = nil, into store: Store
  ) async throws {
    for id in ids {
      _ = try await store.write { transaction in
        let event = ChatEvent.sample(id, in: Scene(.group, group))
        return try transaction.insert(event, body: StoredText.encode(event), as: kind, limit: limit).get()
      }
    }
  }

  /// Claims and completes until nothing is due, and returns the ids in their order.
  private func order(_ store: Store, among classes: [EventClass] = EventClass.allCases) async throws -> [String] {
    var ids: [String] = []
    while let claimed = try await store.write({ try $0.claimEvent(among: classes) }) {
      ids.append(claimed.event.messageID)
      try await store.write { try $0.complete(claimed) }
    }
    return ids
  }

  @Test(
    "urgent events overtake the others of their conversation and of all, and each class keeps its order",
    arguments: StoreKind.tested)
  func classes(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    try await insert(["a", "b"], as: .ordinary, into: store)
    try await insert(["c"], as: .ordinary, in: "2", into: store)
    try await insert(["x", "y"], as: .urgent, into: store)
    try await insert(["d"], as: .ordinary, into: store)
    try await insert(["z"], as: .urgent, in: "2", into: store)
    let ids = try await order(store)
    #expect(Set(ids.prefix(3)) == ["x", "y", "z"])
    #expect(ids.filter { ["x", "y"].contains($0) } == ["x", "y"])
    #expect(ids.filter { ["a", "b", "d"].contains($0) } == ["a", "b", "d"])
    #expect(ids.count == 7)
  }

  @Test(
    "who asks for ordinary events first gets the one that has waited longest, while urgent ones wait", arguments: StoreKind.tested
  )
  func preference(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    try await insert(["x"], as: .urgent, into: store)
    try await insert(["a"], as: .ordinary, in: "2", into: store)
    #expect(try await store.write { try $0.claimEvent(among: [.ordinary, .urgent])?.event.messageID } == "a")
    #expect(try await store.write { try $0.claimEvent(among: [.ordinary])?.event.messageID } == nil)
    #expect(try await store.write { try $0.claimEvent(among: [.ordinary, .urgent])?.event.messageID } == "x")
  }

  @Test(
    "a claimed conversation gives nothing out, of neither class, and both are due when it is free", arguments: StoreKind.tested)
  func oneAtATime(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    try await insert(["a", "b"], as: .ordinary, into: store)
    let first = try #require(try await store.write { try $0.claimEvent() })
    try await insert(["x"], as: .urgent, into: store)
    #expect(try await store.write { try $0.claimEvent()?.event.messageID } == nil)
    try await store.write { try $0.complete(first) }
    #expect(try await order(store) == ["x", "b"])
  }

  @Test("an event that waits for its next attempt holds up its class and not the other", arguments: StoreKind.tested)
  func retry(kind: StoreKind) async throws {
    let time = Mutex(Timestamp(milliseconds: 1_000))
    let temporary = try TemporaryStore(on: kind, clock: WallClock { time.withLock { $0 } })
    let store = temporary.store
    try await insert(["a", "b"], as: .ordinary, into: store)
    let first = try #require(try await store.write { try $0.claimEvent() })
    #expect(first.kind == .ordinary)
    try await store.write { try $0.retry(first, at: Timestamp(milliseconds: 5_000), error: "later") }
    try await insert(["x"], as: .urgent, into: store)
    #expect(try await order(store) == ["x"])
    #expect(try await store.read { try $0.nextLaneDue() } == Timestamp(milliseconds: 5_000))
    #expect(try await store.read { try $0.nextLaneDue(among: [.urgent]) } == nil)
    time.withLock { $0 = Timestamp(milliseconds: 5_000) }
    #expect(try await order(store) == ["a", "b"])
  }

  @Test("an event that is given back untouched keeps its place and its attempts", arguments: StoreKind.tested)
  func release(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    try await insert(["a", "b"], as: .ordinary, into: store)
    let first = try #require(try await store.write { try $0.claimEvent() })
    try await store.write { try $0.release(first) }
    let again = try #require(try await store.write { try $0.claimEvent() })
    #expect(again.event.messageID == "a")
    #expect(again.attempt == 1)
    await #expect(throws: StoreError.self) { try await store.write { try $0.complete(first) } }
  }

  @Test(
    "one conversation may have so many of each class waiting; a redelivery is recognised all the same, others are not affected",
    arguments: StoreKind.tested)
  func limit(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let inbox = Inbox(
      store: store, limit: 100, conversationLimit: 2, classify: { $0.text.hasPrefix("/") ? .urgent : .ordinary }, onAccepted: {})
    for id in ["a", "b"] { #expect(try await inbox.accept(.sample(id)) == .accepted) }
    let error = await #expect(throws: JournalError.self) { _ = try await inbox.accept(.sample("c")) }
    #expect(error?.code == .conversationFull)
    guard case .duplicate = try await inbox.accept(.sample("a")) else {
      Issue.record("not recognised")
      return
    }
    #expect(try await inbox.accept(.sample("d", in: Scene(.group, "2"))) == .accepted)
    for id in ["x", "y"] { #expect(try await inbox.accept(.sample(id, "/approve")) == .accepted) }
    await #expect(throws: JournalError.self) { _ = try await inbox.accept(.sample("z", "/approve")) }
    #expect(store.pendingEvents == 5)
    while let claimed = try await store.write({ try $0.claimEvent(among: [.ordinary]) }) {
      try await store.write { try $0.complete(claimed) }
    }
    #expect(try await inbox.accept(.sample("c")) == .accepted)
  }

  @Test("a claim looks things up, however much waits: no statement of it walks through a table or sorts")
  func plan() async throws {
    let temporary = try TemporaryStore()
    let questions: [(sql: String, arguments: SQLArguments)] = [
      (Transaction.dueLane(.urgent), [0]), (Transaction.dueLane(.ordinary), [0]), (Transaction.head, ["c", 1]),
      (Transaction.countWaiting, ["c", 0, 10]),
    ]
    for (sql, arguments) in questions {
      let plan = try await temporary.store.read { transaction in
        try transaction.rows("EXPLAIN QUERY PLAN " + sql, arguments).map { try $0["detail"] as String }
      }
      let steps = plan.filter { !$0.hasPrefix("CO-ROUTINE") && $0 != "SCAN those" }
      #expect(!steps.isEmpty)
      #expect(steps.allSatisfy { $0.hasPrefix("SEARCH") && $0.contains("INDEX") }, "\(sql): \(plan)")
    }
  }
}

import Core
import Foundation
import TestSupport
import Testing

@testable import Storage

@Suite("Raw events and rate cells in the store")
struct RawEventTests {
  static let key = Data(repeating: 7, count: 32)

  static func event(_ text: String, type: String = "unknown", at time: Timestamp = WallClock.system.now()) -> RawEvent {
    RawEvent(channel: "main", type: type, requestID: RequestID(), receivedAt: time, body: Array(text.utf8))
  }

  static func archive(_ temporary: TemporaryStore, events: Int = 100, bytes: Int64 = 1 << 20, key: Data = key) -> RawEventArchive
  {
    var limits = RawEventArchive.Limits()
    limits.events = events
    limits.bytes = bytes
    limits.age = .seconds(60)
    return RawEventArchive(store: temporary.store, key: key, limits: limits)
  }

  @Test("what was kept comes back as it was, newest first, by request id and by type", arguments: StoreKind.tested)
  func roundTrip(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let archive = Self.archive(temporary)
    let (first, second, third) = (Self.event("{1}"), Self.event("{2}", type: "event"), Self.event("{3}"))
    try await archive.keep([first, second])
    try await archive.keep([third])
    #expect(try await archive.newest(limit: 10) == [third, second, first])
    #expect(try await archive.newest(limit: 1) == [third])
    #expect(try await archive.newest(type: "unknown", limit: 10) == [third, first])
    #expect(try await archive.newest(requestID: first.requestID.description, limit: 10) == [first])
    #expect(try await archive.newest(requestID: "none", limit: 10).isEmpty)
  }

  @Test("nothing of a body can be read in the file, nor opened with another key or under another request id")
  func encrypted() async throws {
    let temporary = try TemporaryStore()
    let archive = Self.archive(temporary)
    let secret = "a private word nobody may find"
    try await archive.keep([Self.event(secret), Self.event("other")])
    for file in try FileManager.default.contentsOfDirectory(at: temporary.folder, includingPropertiesForKeys: nil) {
      #expect(try Data(contentsOf: file).range(of: Data(secret.utf8)) == nil)
    }
    let foreign = Self.archive(temporary, key: Data(repeating: 8, count: 32))
    #expect(try await foreign.newest(limit: 10).allSatisfy { $0.body.isEmpty })
    try await temporary.store.write { transaction in
      let ids: [String] = try transaction.rows("SELECT request_id FROM raw_event ORDER BY id", []).map { try $0["request_id"] }
      try transaction.run("UPDATE raw_event SET request_id = ? WHERE request_id = ?", [ids[0], ids[1]])
    }
    #expect(try await archive.newest(limit: 10).map(\.body) == [[], Array(secret.utf8)])
  }

  @Test("their number and their bytes are bounded: the oldest go", arguments: StoreKind.tested)
  func bounded(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let few = Self.archive(temporary, events: 5)
    for number in 0..<20 { try await few.keep([Self.event("\(number)")]) }
    #expect(try await few.newest(limit: 100).map { String(decoding: $0.body, as: UTF8.self) } == ["19", "18", "17", "16", "15"])
    let small = Self.archive(temporary, bytes: 1000)
    for _ in 0..<20 { try await small.keep([Self.event(String(repeating: "x", count: 100))]) }
    let kept = try await small.newest(limit: 100).count
    #expect((5...8).contains(kept), "\(kept)")
  }

  @Test("they go after their days, in small steps", arguments: StoreKind.tested)
  func retention(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let archive = Self.archive(temporary, events: 10_000)
    let old = temporary.store.clock.now().advanced(by: .seconds(-61))
    try await archive.keep((0..<700).map { _ in Self.event("old", at: old) })
    try await archive.keep([Self.event("new", at: temporary.store.clock.now())])
    #expect(try await archive.dropOld())
    #expect(try await archive.newest(limit: 1000).count == 201)
    #expect(try await !archive.dropOld())
    #expect(try await archive.newest(limit: 1000).map { String(decoding: $0.body, as: UTF8.self) } == ["new"])
  }

  @Test("cells replace those of the same kind and key, and full buckets are forgotten step by step", arguments: StoreKind.tested)
  func cells(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let now = Timestamp(seconds: 1000)
    let past = (0..<500).map { RateCell(kind: "address", key: "\($0)", paidUntil: 1) }
    _ = try await store.keep(past, now: Timestamp(milliseconds: 0))
    #expect(try await store.cells().count == 500)
    let live = RateCell(kind: "sender", key: "a", paidUntil: 2_000_000_000)
    for _ in 0..<5 { _ = try await store.keep([live], now: now) }
    #expect(try await store.cells() == [live])
    let later = RateCell(kind: "sender", key: "a", paidUntil: 3_000_000_000)
    _ = try await store.keep([later], now: now)
    #expect(try await store.cells() == [later])
  }

  @Test("what two instances spend on one cell counts together", arguments: StoreKind.tested)
  func shared(kind: StoreKind) async throws {
    let temporary = try TemporaryStore(on: kind)
    let store = temporary.store
    let now = Timestamp(seconds: 1000)
    let first = RateCell(kind: "sender", key: "a", paidUntil: 1_002_000_000, spent: 2_000_000)
    #expect(try await store.keep([first], now: now).map(\.paidUntil) == [1_002_000_000])
    let second = RateCell(kind: "sender", key: "a", paidUntil: 1_003_000_000, spent: 3_000_000)
    #expect(try await store.keep([second], now: now).map(\.paidUntil) == [1_005_000_000])
    let refunded = RateCell(kind: "sender", key: "a", paidUntil: 1_000_000_000, spent: -2_000_000)
    #expect(try await store.keep([refunded], now: now).map(\.paidUntil) == [1_003_000_000])
  }
}

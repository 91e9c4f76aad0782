import Core
import TestSupport
import Testing

@testable import Storage

/// Random interleavings of several runs of the service on one store: they claim, complete, give back, fall silent, are buried,
/// come back and die.
@Suite("However runs of the service interleave", .timeLimit(.minutes(5)))
struct OwnershipWalkTests {
  private static let lease = Duration.seconds(10)
  private static let interleavings = (1...8).flatMap { runs in (0..<6).map { (runs: runs, seed: $0) } }

  /// One run: what it believes to hold, which may be wrong after it was silent.
  private struct Run {
    var store: Store
    var claims: [ClaimedEvent] = []
  }

  @Test(
    "an event has one owner at a time, is completed once, in order, and is never lost", arguments: StoreKind.tested, interleavings
  )
  func walk(kind: StoreKind, interleaving: (runs: Int, seed: Int)) async throws {
    let (count, seed) = interleaving
    var random = SplitMix(state: UInt64(seed * 100 + count))
    let clock = ManualClock()
    let temporary = try TemporaryStore(on: kind, clock: clock.wall)
    var runs: [Run] = []
    for _ in 0..<count { runs.append(Run(store: try await Self.enrolled(temporary, clock))) }
    var inserted: [String: [String]] = [:]
    var completed: [String: [String]] = [:]
    var total = 0

    for _ in 0..<300 {
      let index = Int.random(in: 0..<count, using: &random)
      let store = runs[index].store
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<25:
        let chat = "\(Int.random(in: 0..<4, using: &random))"
        let id = "event \(total)"
        total += 1
        inserted[chat, default: []].append(id)
        _ = try await store.write { try $0.insert(ChatEvent.sample(id, in: Scene(.group, chat))) }
      case 25..<55:
        if let claimed = try await store.write({ try $0.claimEvent() }) { runs[index].claims.append(claimed) }
      case 55..<80:
        guard let claimed = runs[index].claims.popLast() else { continue }
        do {
          try await store.write { try $0.complete(claimed) }
          completed[claimed.event.conversation.scene.id, default: []].append(claimed.event.messageID)
        } catch let error as StoreError where error.code == .claimLost {
          // It was silent for too long, and somebody else has the event.
        }
      case 80..<86:
        guard let claimed = runs[index].claims.popLast() else { continue }
        do {
          try await store.write { try $0.retry(claimed, at: $0.now.advanced(by: .seconds(1)), error: "again") }
        } catch let error as StoreError where error.code == .claimLost {
          // As above.
        }
      case 86..<92:
        _ = try await store.write { try $0.renewLease(for: Self.lease) }
      case 92..<97:
        clock.advance(.seconds(Int.random(in: 0...6, using: &random)))
        try await store.write { transaction in
          guard try transaction.buryInstances() > 0 else { return }
          try transaction.freeLanesOfTheDead()
        }
      default:
        // Killed: its claims stay in the store until its lease is over.
        try store.close()
        runs[index] = Run(store: try await Self.enrolled(temporary, clock))
      }
      let owned = try await runs[index].store.read { try $0.rows("SELECT owner FROM lane WHERE owner IS NOT NULL", []) }
      #expect(owned.count <= 4)
    }

    // Everybody but one dies; what is left is worked off.
    for run in runs.dropFirst() { try run.store.close() }
    let last = runs[0].store
    clock.advance(.seconds(60))
    for claimed in runs[0].claims.reversed() {
      do {
        try await last.write { try $0.complete(claimed) }
        completed[claimed.event.conversation.scene.id, default: []].append(claimed.event.messageID)
      } catch let error as StoreError where error.code == .claimLost {
        // As above.
      }
    }
    try await last.write { transaction in
      _ = try transaction.renewLease(for: Self.lease)
      _ = try transaction.buryInstances()
      try transaction.freeLanesOfTheDead()
    }
    while let claimed = try await last.write({ transaction -> ClaimedEvent? in
      guard let claimed = try transaction.claimEvent() else { return nil }
      try transaction.complete(claimed)
      return claimed
    }) {
      completed[claimed.event.conversation.scene.id, default: []].append(claimed.event.messageID)
    }
    #expect(completed == inserted)
    try last.close()
  }

  private static func enrolled(_ temporary: TemporaryStore, _ clock: ManualClock) async throws -> Store {
    let store = try temporary.reopened(clock: clock.wall)
    _ = try await store.write { try $0.renewLease(for: lease) }
    return store
  }
}

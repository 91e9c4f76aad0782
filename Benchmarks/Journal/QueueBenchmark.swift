import Core
import Foundation
import JournalBaseline
import Storage
import Synchronization

/// Events claimed and completed per second while more or fewer wait, in few or many conversations.
struct QueueBenchmark {
  private static let rounds = 5
  private static let backlogs = [10_000, 1_000_000]
  private static let conversations = [100, 100_000]
  /// Events worked on at once, as the service does by default.
  private static let concurrency = 16
  /// Events that a round works through.
  private static let measured = 1_000

  func run() async throws {
    print("\njournal: events claimed and completed per second; \(Self.rounds) rounds, min / median\n")
    print(
      "conversations".padded(to: -28) + "backlog 10⁴".padded(to: 20) + "backlog 10⁶".padded(to: 20) + "10⁶ : 10⁴".padded(to: 16))
    try await run("SQLite") { try await SQLiteBacklog(events: $0, conversations: $1) }
    if let server = PostgresBacklog.server {
      try await run("PostgreSQL") { try await PostgresBacklog(on: server, events: $0, conversations: $1) }
    } else {
      print("PostgreSQL: left out, there is no TEST_POSTGRES")
    }
    print("(bar: at least 0.80)")
  }

  private func run(_ database: String, prepare: (_ events: Int, _ conversations: Int) async throws -> any Backlog) async throws {
    for conversations in Self.conversations {
      let few = try await prepare(Self.backlogs[0], conversations)
      let many = try await prepare(Self.backlogs[1], conversations)
      let (fewStore, manyStore) = (try few.open(), try many.open())
      var rates: [[Double]] = [[], []]
      // They take turns, because disks have moods; the first turn fills caches.
      for round in 0...Self.rounds {
        for (index, store) in [fewStore, manyStore].enumerated() {
          let start = ContinuousClock.now
          let done = try await work(store, events: Self.measured)
          if round > 0 { rates[index].append(Double(done) / (ContinuousClock.now - start).seconds) }
        }
      }
      try fewStore.close()
      try manyStore.close()
      let figures = rates.map { [$0.min() ?? 0, $0.median].map { String(format: "%.0f", $0) }.joined(separator: " / ") }
      let ratios = zip(rates[1], rates[0]).map { $0 / $1 }
      let ratio = [ratios.min() ?? 0, ratios.median].map { String(format: "%.2f", $0) }.joined(separator: " / ")
      print(
        "\(database), \(conversations)".padded(to: -28) + figures[0].padded(to: 20) + figures[1].padded(to: 20)
          + ratio.padded(to: 16))
      // It takes minutes until the next.
      fflush(nil)
    }
  }

  /// As the service's worker does it: what is free is claimed in one commit, each event is completed in its own.
  private func work(_ store: Store, events: Int) async throws -> Int {
    var done = 0
    try await withThrowingTaskGroup(of: Void.self) { group in
      var inFlight = 0
      while done < events {
        let free = Self.concurrency - inFlight
        let claimed = try await store.write { transaction in
          var claimed: [ClaimedEvent] = []
          while claimed.count < free, let event = try transaction.claimEvent() { claimed.append(event) }
          return claimed
        }
        for event in claimed {
          group.addTask {
            try await store.write { try $0.complete(event) }
            store.eventFinished()
          }
        }
        inFlight += claimed.count
        guard inFlight > 0 else { throw Problem("nothing waits any more") }
        try await group.next()
        inFlight -= 1
        done += 1
      }
      try await group.waitForAll()
      done += inFlight
    }
    return done
  }
}

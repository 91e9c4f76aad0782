import Core
import Foundation
import JournalBaseline
import Storage
import Synchronization

/// Events claimed and completed per second while more or fewer wait, in few or many conversations.
struct QueueBenchmark {
  private static let rounds = 3
  private static let backlogs = [10_000, 1_000_000]
  private static let conversations = [100, 100_000]
  /// Events worked on at once, as the service does by default.
  private static let concurrency = 16
  /// Events that a round works through.
  private static let measured = 6_000

  func run() async throws {
    print("\njournal: events claimed and completed per second; \(Self.rounds) rounds, min / median\n")
    print(
      "conversations".padded(to: -16) + "backlog 10⁴".padded(to: 20) + "backlog 10⁶".padded(to: 20) + "10⁶ : 10⁴".padded(to: 16))
    for conversations in Self.conversations {
      var rates: [[Double]] = []
      for backlog in Self.backlogs {
        let scratch = try await prepare(backlog: backlog, conversations: conversations)
        rates.append(try await measure(scratch))
      }
      let figures = rates.map { [$0.min() ?? 0, $0.median].map { String(format: "%.0f", $0) }.joined(separator: " / ") }
      let ratio = String(format: "%.2f", rates[1].median / max(1, rates[0].median))
      print("\(conversations)".padded(to: -16) + figures[0].padded(to: 20) + figures[1].padded(to: 20) + ratio.padded(to: 16))
    }
    print("(bar: at least 0.80)")
  }

  /// A database in which `backlog` events wait: the row of one that was accepted, again and again.
  private func prepare(backlog: Int, conversations: Int) async throws -> Scratch {
    let scratch = try Scratch()
    let store = try scratch.open()
    let inbox = Inbox(store: store, limit: .max, onAccepted: {})
    _ = try await inbox.accept(SampleEvents.make(1, conversations: 1)[0])
    try store.close()
    let scene = "printf('G%06u', i % \(conversations))"
    let statements = """
      BEGIN;
      INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, state)
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(backlog))
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
    return scratch
  }

  private func measure(_ scratch: Scratch) async throws -> [Double] {
    let store = try scratch.open()
    var rates: [Double] = []
    _ = try await work(store, events: Self.measured / 6)
    for _ in 0..<Self.rounds {
      let start = ContinuousClock.now
      let done = try await work(store, events: Self.measured / Self.rounds)
      rates.append(Double(done) / (ContinuousClock.now - start).seconds)
    }
    try store.close()
    return rates
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

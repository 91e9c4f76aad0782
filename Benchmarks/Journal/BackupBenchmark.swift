import Core
import Foundation
import Storage

/// What a backup takes away from a service that works as hard as it can: events are accepted, claimed and completed all the while.
struct BackupBenchmark {
  private static let rounds = 3
  /// Events that lie in the database from the start: what there is to copy.
  private static let stored = 200_000
  private static let conversations = 1_000
  private static let workers = 32

  func run() async throws {
    print("\njournal: events accepted, claimed and completed per second, beside a backup and without\n")
    let backlog = try await SQLiteBacklog(events: Self.stored, conversations: Self.conversations)
    let store = try backlog.open()
    let copies = try Scratch()
    let folder = BackupFolder(copies.folder.appending(path: "backups").path)
    let events = Numbers()
    var ratios: [Double] = []
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<Self.workers { group.addTask { try await Self.work(store, events) } }
      // The first seconds fill caches and the log.
      try await Task.sleep(for: .seconds(5))
      for _ in 0..<Self.rounds {
        let start = ContinuousClock.now
        let beside = try await rate(of: events) { _ = try await folder.create(from: backlog.path) }
        let length = ContinuousClock.now - start
        // As long as the backup took, so that both see the disk in the same moods.
        let without = try await rate(of: events) { try await Task.sleep(for: length) }
        ratios.append(beside / without)
        print(
          String(
            format: "backup of %.1f s: %.0f beside it, %.0f without, %.2f", length.seconds, beside, without, beside / without))
        fflush(nil)
      }
      group.cancelAll()
    }
    try store.close()
    for manifest in try folder.list() { try await folder.verify(manifest) }
    print(String(format: "median %.2f   (bar: at least 0.80); every copy verifies", ratios.median))
  }

  /// Accepts an event, and claims and completes one, again and again.
  private static func work(_ store: Store, _ events: Numbers) async throws {
    let inbox = Inbox(store: store, limit: .max, onAccepted: {})
    // The first numbers are those of the backlog.
    while !Task.isCancelled, case let number = stored + events.next() {
      let event = SampleEvents.make(number, in: SampleEvents.conversation(number % conversations))
      guard try await inbox.accept(event) == .accepted else { throw Problem("an event was known already") }
      guard let claimed = try await store.write({ try $0.claimEvent() }) else { throw Problem("nothing waits any more") }
      try await store.write { try $0.complete(claimed) }
      store.eventFinished()
    }
  }

  private func rate(of events: Numbers, during body: () async throws -> Void) async throws -> Double {
    let (start, before) = (ContinuousClock.now, events.given)
    try await body()
    return Double(events.given - before) / (ContinuousClock.now - start).seconds
  }
}

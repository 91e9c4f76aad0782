import Core
import Foundation
import JournalBaseline
import Storage
import Synchronization

/// Events a second through the gateway's door of the store, each on disk before its sender goes on, beside C and SQLite alone.
struct AcceptBenchmark {
  private static let rounds = 3
  private static let conversations = 200
  /// For each number of events that wait at once: how many a round accepts.
  private static let loads: [(waiting: Int, events: Int)] = [(1, 2_000), (16, 16_000), (64, 32_000), (128, 32_000)]

  private struct Figures {
    var service: [Double] = []
    var groups: [Double] = []
    var producers: [Double] = []
  }

  func run() async throws {
    print("journal: events accepted and on disk, per second; \(Self.rounds) rounds, min / median\n")
    row(["waiting", "service", "C, groups", "C, producers", "of groups", "of producers"])
    var alone: [Accepted] = []
    for load in Self.loads {
      var figures = Figures()
      for _ in 0..<Self.rounds {
        let accepted = try await accept(SampleEvents.make(load.events, conversations: Self.conversations), waiting: load.waiting)
        if load.waiting == 1 { alone.append(accepted) }
        figures.service.append(accepted.rate)
        figures.groups.append(try baseline(load.events, waiting: load.waiting, journal_baseline_groups))
        figures.producers.append(try baseline(load.events, waiting: load.waiting, journal_baseline_producers))
      }
      row([
        "\(load.waiting)", spread(figures.service), spread(figures.groups), spread(figures.producers),
        spread(zip(figures.service, figures.groups).map { $0 / $1 }, "%.2f"),
        spread(zip(figures.service, figures.producers).map { $0 / $1 }, "%.2f"),
      ])
    }
    let (latencies, syncs) = (alone.map(\.latencies.median), alone.map(\.syncs.median))
    print("(bar: at least 0.60)\n\none event alone: p50 \(spread(latencies)) µs, append + fdatasync \(spread(syncs)) µs,")
    print("  p50 - fdatasync \(spread(zip(latencies, syncs).map { $0 - $1 })) µs   (bar: at most 300)")
  }

  private func row(_ columns: [String]) {
    print(columns.enumerated().map { $1.padded(to: $0 == 0 ? -10 : 20) }.joined())
    // It takes minutes until the next.
    fflush(nil)
  }

  private func spread(_ values: [Double], _ format: String = "%.0f") -> String {
    [values.min() ?? 0, values.median].map { String(format: format, $0) }.joined(separator: " / ")
  }

  // MARK: The service's journal

  private struct Accepted {
    let rate: Double
    /// Microseconds.
    let latencies: [Double]
    let syncs: [Double]
  }

  private func accept(_ events: [ChatEvent], waiting: Int) async throws -> Accepted {
    let scratch = try Scratch()
    let store = try scratch.open()
    let inbox = Inbox(store: store, limit: .max, onAccepted: {})
    if waiting == 1 { return try await acceptAlone(events, inbox, store, scratch) }
    let numbers = Numbers()
    let start = ContinuousClock.now
    try await withThrowingDiscardingTaskGroup { group in
      for _ in 0..<waiting {
        group.addTask {
          while case let index = numbers.next(), index < events.count {
            guard try await inbox.accept(events[index]) == .accepted else { throw Problem("an event was known already") }
          }
        }
      }
    }
    let rate = Double(events.count) / (ContinuousClock.now - start).seconds
    try store.close()
    return Accepted(rate: rate, latencies: [], syncs: [])
  }

  /// Commits and bare syncs take turns, because disks have moods.
  private func acceptAlone(_ events: [ChatEvent], _ inbox: Inbox, _ store: Store, _ scratch: Scratch) async throws -> Accepted {
    var (latencies, syncs): ([Double], [Double]) = ([], [])
    var busy = Duration.zero
    for (index, event) in events.enumerated() {
      if index.isMultiple(of: 200) { syncs += try Disk.appendAndSync(in: scratch.folder, times: 50) }
      let start = ContinuousClock.now
      guard try await inbox.accept(event) == .accepted else { throw Problem("an event was known already") }
      let time = ContinuousClock.now - start
      busy += time
      latencies.append(time.seconds * 1e6)
    }
    try store.close()
    return Accepted(rate: Double(events.count) / busy.seconds, latencies: latencies, syncs: syncs)
  }

  // MARK: SQLite alone

  private func baseline(
    _ events: Int, waiting: Int, _ run: (UnsafePointer<journal_load>) -> Double
  ) throws -> Double {
    let scratch = try Scratch()
    let body = String(repeating: "x", count: try Self.bodySize)
    let rate = scratch.path.withCString { path in
      body.withCString { body in
        var load = journal_load(
          path: path, body: body, events: UInt32(events), conversations: UInt32(Self.conversations), waiting: UInt32(waiting))
        return run(&load)
      }
    }
    guard rate > 0 else { throw Problem("the baseline could not be measured") }
    return rate
  }

  /// Bytes of an event as the service keeps it.
  private static var bodySize: Int {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(SampleEvents.make(1, conversations: 1)[0]).count
    }
  }
}

/// The floor under every durable acknowledgement.
enum Disk {
  /// Microseconds for one small append and its fdatasync, many times.
  static func appendAndSync(in folder: URL, times: Int) throws -> [Double] {
    let path = folder.appending(path: "append").path
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Problem("cannot open \(path)") }
    defer {
      close(file)
      unlink(path)
    }
    let page = [UInt8](repeating: 0x5a, count: 4096)
    return try (0..<times).map { _ in
      let start = ContinuousClock.now
      guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else { throw Problem("fdatasync failed") }
      return (ContinuousClock.now - start).seconds * 1e6
    }
  }
}

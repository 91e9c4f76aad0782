import Foundation
import Synchronization

/// Reloads one skill again and again, each time with a build never seen before, while eight clients call it.
struct ReloadBenchmark {
  let library: BenchLibrary
  let folder: URL
  let count: Int

  private static let clientCount = 8
  /// After so many reloads memory has found its size.
  private static let settled = 50

  private struct Tally: Sendable {
    var calls = 0
    var failures = 0
    var oldAfterNew = 0
    var isOver = false
  }

  private final class Clients: Sendable {
    let tally = Mutex(Tally())
  }

  func run() async throws -> String {
    let host = try BenchHost(folder: folder, skills: 1, trustsAll: false, library: library)
    let file = host.plugins.appending(path: "bench0.so")
    let original = try Data(contentsOf: file)
    let clients = Clients()
    var times: [Double] = []
    var settledMemory = 0
    var memory = 0
    try await host.run { host in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<Self.clientCount {
          group.addTask { await Self.call(host, clients) }
        }
        for build in 1...count {
          let draft = host.plugins.appending(path: ".draft")
          try BenchLibrary.patch(original, build: UInt64(build)).write(to: draft)
          let start = ContinuousClock.now
          guard rename(draft.path, file.path) == 0 else { throw Problem("cannot rename") }
          while try await host.buildNumber() != Int64(build) { try await Task.sleep(for: .milliseconds(1)) }
          let (seconds, attoseconds) = start.duration(to: .now).components
          times.append(Double(seconds) * 1e9 + Double(attoseconds) * 1e-9)
          if build == Self.settled { settledMemory = try ProcessMemory.proportional() }
        }
        memory = try ProcessMemory.proportional()
        clients.tally.withLock { $0.isOver = true }
        try await group.waitForAll()
      }
    }
    let result = clients.tally.withLock { $0 }
    let ms = { (nanoseconds: Double) in String(format: "%.0f ms", nanoseconds / 1e6) }
    return """
      reload: \(count) builds under \(Self.clientCount) calling clients
      calls \(result.calls), failed \(result.failures), answered by an older build than before \(result.oldAfterNew)
      drop to first new answer: p50 \(ms(times.quantile(0.5))), p95 \(ms(times.quantile(0.95))), max \(ms(times.max() ?? 0))
      memory of all processes (PSS): \(settledMemory) KiB after \(Self.settled), \(memory) KiB after \(count)
      """
  }

  private static func call(_ host: BenchHost, _ clients: Clients) async {
    var newest: Int64 = 0
    while !clients.tally.withLock({ $0.isOver }) {
      let number = try? await host.buildNumber()
      let isOld = number.map { $0 < newest } ?? false
      newest = max(newest, number ?? 0)
      clients.tally.withLock {
        $0.calls += 1
        $0.failures += number == nil ? 1 : 0
        $0.oldAfterNew += isOld ? 1 : 0
      }
      // Eight clients that do nothing but call would leave nothing of two processors for the reload.
      try? await Task.sleep(for: .milliseconds(2))
    }
  }
}

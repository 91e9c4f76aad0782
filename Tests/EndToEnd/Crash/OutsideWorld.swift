import Core
import Hummingbird
import NIOCore
import Synchronization

/// What write tools can change outside the service; counts how often each change was made.
final class OutsideWorld: Sendable {
  let port: Int
  private let changes: Changes
  private let running: Task<Void, any Error>

  private final class Changes: Sendable {
    let counts = Mutex<[String: Int]>([:])
    let watchers = Mutex<[String: CheckedContinuation<Void, Never>]>([:])
  }

  static func start() async throws -> OutsideWorld {
    let changes = Changes()
    let router = Router()
    router.post("/effects") { request, _ in
      let body = try await request.body.collect(upTo: 1 << 16)
      let name = (try? JSON(parsing: body.readableBytesView))?["name"]?.string ?? ""
      changes.counts.withLock { $0[name, default: 0] += 1 }
      if let watcher = changes.watchers.withLock({ $0.removeValue(forKey: name) }) {
        watcher.resume()
        // Whoever watched has this one only: it is never answered.
        try await Task.sleep(for: .seconds(60))
      }
      return Response(status: .ok)
    }
    let (port, running) = try await StandIn.serve(router)
    return OutsideWorld(port: port, changes: changes, running: running)
  }

  private init(port: Int, changes: Changes, running: Task<Void, any Error>) {
    self.port = port
    self.changes = changes
    self.running = running
  }

  deinit {
    running.cancel()
  }

  /// Returns when this change was made; whoever made it is not answered.
  func hasMade(_ name: String) async {
    await withCheckedContinuation { continuation in changes.watchers.withLock { $0[name] = continuation } }
  }

  /// From now on only these changes were made, once each.
  func reset(to names: Set<String>) {
    changes.counts.withLock { $0 = Dictionary(uniqueKeysWithValues: names.map { ($0, 1) }) }
  }

  func count(of name: String) -> Int { changes.counts.withLock { $0[name] ?? 0 } }

  /// Changes that were made more than once.
  var repeated: [String] { changes.counts.withLock { $0.filter { $0.value > 1 }.map(\.key) } }
  var total: Int { changes.counts.withLock { $0.count } }
}

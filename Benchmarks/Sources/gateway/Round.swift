import Foundation

/// Everything measured once, each server in turn, so that what else the machine does falls on all of them.
struct Round {
  struct Key: Hashable {
    let server: ServerProcess.Kind
    let connections: Int
  }

  struct Sample {
    let load: Load.Result
    /// Processor time of the server for one event, in microseconds; with `openclaw`, what it does behind the answer counts too.
    let processor: Double
  }

  /// What became of the events that were accepted faster than they were answered.
  struct Backlog {
    /// Replies for each second of the load.
    let duringLoad: Double
    /// Events without a reply when the load ended.
    let waiting: Int
    /// Replies for each second after that.
    let afterLoad: Double
    let left: Int
  }

  static let connections = [1, 64]

  private(set) var samples: [Key: Sample] = [:]
  private(set) var backlog: Backlog?
  /// Microseconds for one append and fdatasync.
  let sync: Double

  private static let loadTime: Duration = .seconds(3)
  private static let drainTime: Duration = .seconds(10)

  /// - Parameters:
  ///   - scratch: an empty folder on the disk to be measured.
  ///   - program: the built `openclaw`.
  init(number: Int, scratch: URL, program: URL) throws {
    let key = try BotKey.shared.get()
    let warmUp = try SignedRequests(count: 1000, label: "warm-\(number)", key: key)
    let events = [
      1: try SignedRequests(count: 12_000, label: "one-\(number)", key: key),
      64: try SignedRequests(count: 30_000, label: "many-\(number)", key: key),
    ]
    sync = try Disk.appendAndSync(in: scratch)
    try measure(.bare, ServerProcess(["bare"], in: scratch), warmUp, events)
    try measure(.verifying, ServerProcess(["verifying"], in: scratch), warmUp, events)

    let sink = try PlatformSink()
    defer { sink.stop() }
    let folder = try OpenClawFolder(at: scratch.appending(path: "openclaw-\(number)"), platformPort: sink.port)
    let server = try ServerProcess(
      ["guard", program.path, "serve", "--port", "0"], in: folder.url, environment: ["QQ_SECRET": BotKey.secret])
    try measure(.openclaw, server, warmUp, events, sink: sink)
  }

  private mutating func measure(
    _ kind: ServerProcess.Kind, _ server: ServerProcess, _ warmUp: SignedRequests, _ events: [Int: SignedRequests],
    sink: PlatformSink? = nil
  ) throws {
    defer { server.stop() }
    var accepted = try Load(port: server.port, connections: 64, duration: Self.loadTime).run(warmUp, repeating: false).answers
    for connections in Self.connections {
      guard let requests = events[connections] else { continue }
      // The load before this one must not weigh on it.
      _ = sink?.wait(for: accepted, atMost: Self.drainTime)
      let answeredBefore = sink?.count ?? 0
      let processorBefore = try server.processorTime()
      let load = try Load(port: server.port, connections: connections, duration: Self.loadTime)
        .run(requests, repeating: sink == nil)
      let processor = (try server.processorTime() - processorBefore) * 1e6 / Double(load.answers)
      samples[Key(server: kind, connections: connections)] = Sample(load: load, processor: processor)
      accepted += load.answers
      guard let sink, connections == Self.connections.last else { continue }
      let answered = sink.count
      let seconds = sink.wait(for: accepted, atMost: Self.drainTime)
      backlog = Backlog(
        duringLoad: Double(answered - answeredBefore) / load.seconds, waiting: accepted - answered,
        afterLoad: Double(sink.count - answered) / seconds, left: accepted - sink.count)
    }
  }
}

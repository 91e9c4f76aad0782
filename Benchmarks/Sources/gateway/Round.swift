import Foundation

/// Everything measured once, each server in turn, so that what else the machine does falls on all of them.
struct Round {
  struct Key: Hashable {
    let server: ServerProcess.Kind
    let connections: Int
  }

  struct Sample {
    let rate: Double
    let p50: Double
    let p99: Double
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
  /// Microseconds for each append and fdatasync. Loads on one connection and series of appends take turns, because disks
  /// have moods.
  private var syncs: [Double] = []
  private let scratch: URL

  private static let loadTime: Duration = .seconds(3)
  private static let turns = 10
  private static let syncsInTurn = 200
  /// How long to wait for the replies to one load before the next.
  private static let pause: Duration = .seconds(5)
  private static let drainTime: Duration = .seconds(10)

  /// Microseconds for one append and fdatasync.
  var sync: Double { syncs.median }

  /// - Parameters:
  ///   - scratch: an empty folder on the disk to be measured.
  ///   - program: the built `openclaw`.
  init(number: Int, scratch: URL, program: URL) throws {
    self.scratch = scratch
    let key = try BotKey.shared.get()
    let events = Events(
      warmUp: try SignedRequests(count: 1000, label: "warm-\(number)", key: key),
      turns: try (1...Self.turns).map { try SignedRequests(count: 1200, label: "one-\(number)-\($0)", key: key) },
      burst: try SignedRequests(count: 30_000, label: "many-\(number)", key: key))
    try measure(.bare, ServerProcess(["bare"], in: scratch), events)
    try measure(.verifying, ServerProcess(["verifying"], in: scratch), events)

    let sink = try PlatformSink()
    defer { sink.stop() }
    let folder = try OpenClawFolder(at: scratch.appending(path: "openclaw-\(number)"), platformPort: sink.port)
    let server = try ServerProcess(
      ["guard", program.path, "serve", "--port", "0"], in: folder.url, environment: ["QQ_SECRET": BotKey.secret])
    try measure(.openclaw, server, events, sink: sink)
  }

  /// What one server is sent.
  private struct Events {
    let warmUp: SignedRequests
    let turns: [SignedRequests]
    let burst: SignedRequests
  }

  private mutating func measure(
    _ kind: ServerProcess.Kind, _ server: ServerProcess, _ events: Events, sink: PlatformSink? = nil
  ) throws {
    defer { server.stop() }
    let isRepeating = sink == nil
    let warmUp = try Load(port: server.port, connections: 64, duration: Self.loadTime).run(events.warmUp, repeating: false)
    var accepted = warmUp.answers

    let one = Load(port: server.port, connections: 1, duration: Self.loadTime / events.turns.count)
    _ = sink?.wait(for: accepted, atMost: Self.pause)
    var syncs: [Double] = []
    let alone = try Self.sample(server) {
      var sum = Load.Result()
      for requests in events.turns {
        if sink != nil { syncs += try Disk.appendAndSync(in: scratch, times: Self.syncsInTurn) }
        sum += try one.run(requests, repeating: isRepeating)
        // The next turn must not feel this one, and its processor time belongs to it.
        _ = sink?.wait(for: accepted + sum.answers, atMost: Self.pause / events.turns.count)
      }
      return sum
    }
    samples[Key(server: kind, connections: 1)] = alone.sample
    self.syncs += syncs
    accepted += alone.load.answers

    let many = Load(port: server.port, connections: 64, duration: Self.loadTime)
    _ = sink?.wait(for: accepted, atMost: Self.pause)
    let answeredBefore = sink?.count ?? 0
    let together = try Self.sample(server) { try many.run(events.burst, repeating: isRepeating) }
    samples[Key(server: kind, connections: 64)] = together.sample
    accepted += together.load.answers
    guard let sink else { return }
    let answered = sink.count
    let seconds = sink.wait(for: accepted, atMost: Self.drainTime)
    backlog = Backlog(
      duringLoad: Double(answered - answeredBefore) / together.load.seconds, waiting: accepted - answered,
      afterLoad: Double(sink.count - answered) / seconds, left: accepted - sink.count)
  }

  private static func sample(
    _ server: ServerProcess, _ run: () throws -> Load.Result
  ) throws -> (sample: Sample, load: Load.Result) {
    let before = try server.processorTime()
    let load = try run()
    let processor = (try server.processorTime() - before) * 1e6 / Double(load.answers)
    let sample = Sample(
      rate: load.rate, p50: load.latencies.quantile(0.5), p99: load.latencies.quantile(0.99), processor: processor)
    return (sample, load)
  }
}

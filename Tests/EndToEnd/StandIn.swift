import Hummingbird
import Logging
import NIOCore

/// What the platforms' stand-ins have in common.
enum StandIn {
  /// Serves on a free port of 127.0.0.1 until the task is cancelled: a stand-in outlives many starts and kills of the service.
  static func serve<Context: RequestContext>(
    _ router: Router<Context>
  ) async throws -> (port: Int, running: Task<Void, any Error>) where Context.Source == ApplicationRequestContextSource {
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "stand-in")
    logger.logLevel = .critical
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    let running = Task { try await application.run() }
    var iterator = ports.makeAsyncIterator()
    guard let bound = await iterator.next() else { throw ProcessProblem("the stand-in did not start") }
    return (bound, running)
  }
}

import Core
package import Hummingbird
import HummingbirdCore
package import Logging
import Foundation
import NIOCore
import NIOPosix
package import Operations
import ServiceLifecycle

/// The server: webhooks, WebSockets, health, metrics, and the routes of other rooms, on one port.
///
/// Graceful shutdown stops accepting, finishes the requests in flight, closes idle connections, and closes WebSockets with
/// 1001; `run` returns when the last connection is gone.
package struct GatewayServer: Service {
  /// The part under which the server reports to `Health`.
  package static let healthPart = "server"

  private let configuration: GatewayConfiguration
  private let child: GatewayChildChannel
  private let health: Health
  private let logger: Logger
  private let drain: DrainSignal
  private let onListening: @Sendable (Int) async -> Void

  /// - Parameters:
  ///   - channels: who answers where.
  ///   - admission: the pipeline; hand the same one to routes that admit events of their own.
  ///   - extraRoutes: registers the routes of other rooms. They are asked for paths that nobody else answers.
  ///   - tls: the certificate to serve with; nil speaks plain HTTP.
  ///   - onListening: called with the port once connections are accepted.
  package init(
    configuration: GatewayConfiguration, channels: ChannelTable, admission: Admission, health: Health, logger: Logger,
    tls: TLSKeeper? = nil, extraRoutes: (Router<GatewayRequestContext>) -> Void = { _ in },
    onListening: @escaping @Sendable (Int) async -> Void = { _ in }
  ) {
    let router = Router(context: GatewayRequestContext.self)
    extraRoutes(router)
    let drain = DrainSignal()
    let openSockets = Gauge()
    admission.counters.gauge(.openSockets) { Int64(openSockets.now) }
    let service = HTTPService(
      configuration: configuration, table: channels, admission: admission, health: health,
      routes: RouteResponder(router, logger: logger), drain: drain, bodies: BodyBudget(limit: configuration.maximumBodies))
    let handshake = SocketHandshake(
      table: channels, admission: admission, configuration: configuration.sockets, drain: drain, openSockets: openSockets,
      proxies: configuration.trustedProxies)
    self.configuration = configuration
    self.child = GatewayChildChannel(
      configuration: configuration, service: service, handshake: handshake,
      ledger: ConnectionLedger(limit: configuration.maximumConnectionsPerAddress, proxies: configuration.trustedProxies), tls: tls
    )
    self.health = health
    self.logger = logger
    self.drain = drain
    self.onListening = onListening
  }

  /// Serves until graceful shutdown. Throws when the address cannot be bound.
  package func run() async throws {
    // The library announces its start by itself; what it has to say beyond that are problems.
    var quiet = logger
    quiet.logLevel = .warning
    let server = child.server(
      configuration: ServerConfiguration(
        address: .hostname(configuration.host, port: configuration.port), backlog: 1024,
        availableConnectionsDelegate: .maximum(connectionLimit(), logger: logger)),
      onServerRunning: { channel in
        health.report(Self.healthPart, .ok)
        await onListening(channel.localAddress?.port ?? configuration.port)
      },
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      drain.set()
      health.report(Self.healthPart, .failing("draining"))
    }
  }

  /// Running out of descriptors would end the accept loop, so that the limit stays below what the process may open.
  private func connectionLimit() -> Int {
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0, limits.rlim_cur != rlim_t.max else {
      return configuration.maximumConnections
    }
    let available = max(16, Int(clamping: limits.rlim_cur) - 256)
    if available < configuration.maximumConnections {
      logger.warning(
        "fewer connections than configured: the process may open too few files",
        metadata: [
          "connections": .stringConvertible(available), "configured": .stringConvertible(configuration.maximumConnections),
        ])
    }
    return min(available, configuration.maximumConnections)
  }
}

extension MetricFamily {
  static let openSockets = MetricFamily("openclaw_open_sockets", help: "WebSockets open now.")
}

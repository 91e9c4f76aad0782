package import NIOCore
package import Sockets

/// The gateway's settings. Every limit has a default that suits a bot on one machine.
package struct GatewayConfiguration: Sendable {
  /// Address or name to listen on.
  package var host: String
  /// 0 lets the system choose; `GatewayServer` reports the port it got.
  package var port: Int
  /// Bytes a webhook body may have.
  package var maximumBody: Int = 64 * 1024
  /// Bytes a body may have on a route that another room registered.
  package var maximumRouteBody: Int = 1024 * 1024
  /// Bytes of request target and header fields together.
  package var maximumHeaderBytes: Int = 32 * 1024
  /// Header fields of one request; more are refused with 431.
  package var maximumHeaderFields: Int = 100
  /// Connections open at once; more wait in the listen queue. Lowered to what the process may open.
  package var maximumConnections: Int = 4096
  /// Connections that one address may have open at once; further ones are closed. Trusted proxies have no such limit.
  package var maximumConnectionsPerAddress: Int = 512
  /// Requests of one connection that may wait for their answers; the connection is ended at the next.
  package var maximumPipelined: Int = 32
  /// Bytes taken from a socket at once. A connection holds a few such reads at most while nobody takes what came.
  package var maximumRead: Int = 16 * 1024
  /// Bytes of all bodies that are being read, over all connections.
  package var maximumBodies: Int = 64 * 1024 * 1024
  /// The reverse proxies whose word about the client's address is believed.
  package var trustedProxies = TrustedProxies()
  /// How long a TLS handshake may take.
  package var handshakeTimeout: TimeAmount = .seconds(10)
  /// How long a connection may be open without a complete request head.
  package var idleTimeout: TimeAmount = .seconds(30)
  /// How long a body may take from its head to its end.
  package var bodyTimeout: TimeAmount = .seconds(10)
  /// How long a peer may refuse to read what we send it.
  package var writeTimeout: TimeAmount = .seconds(30)
  /// How long a connection that we are done with waits for the peer to close it.
  package var lingerTimeout: TimeAmount = .seconds(2)
  /// Limits of WebSockets.
  package var sockets = SocketConfiguration()

  /// The defaults, on loopback.
  package init(host: String = "127.0.0.1", port: Int = 8080) {
    self.host = host
    self.port = port
  }
}

import Core
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// One accepted connection, and the future in which it finds out what it is.
struct GatewayConnection: ServerChildChannelValue {
  enum Kind: Sendable {
    case http(NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>)
    case socket(SocketConnection)
    /// Answered and closed already.
    case refused
  }

  let channel: any Channel
  let kind: EventLoopFuture<Kind>
}

/// How the server sets up and serves a connection.
struct GatewayChildChannel: ServerChildChannel {
  let configuration: GatewayConfiguration
  let service: HTTPService
  let handshake: SocketHandshake
  let ledger: ConnectionLedger
  /// Nil: plain HTTP.
  let tls: TLSKeeper?

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<GatewayConnection> {
    channel.eventLoop.makeCompletedFuture {
      let peer = channel.remoteAddress?.ipAddress ?? ""
      guard let ticket = ledger.enter(peer) else {
        refuse(.tooManyConnections, from: peer)
        try channel.pipeline.syncOperations.addHandler(ClosingHandler())
        return GatewayConnection(channel: channel, kind: channel.eventLoop.makeSucceededFuture(.refused))
      }
      channel.closeFuture.whenComplete { _ in ledger.leave(ticket) }
      try channel.syncOptions?.setOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2048, maximum: configuration.maximumRead))
      if let tls {
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls.context))
        let tlsGuard = TLSGuard(limit: configuration.handshakeTimeout) { _ in refuse(.handshakeFailed, from: peer) }
        try channel.pipeline.syncOperations.addHandler(tlsGuard)
      }
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = configuration.maximumHeaderBytes
      limits.maxHeaderListSize = configuration.maximumHeaderBytes
      limits.maxHeaderFieldCount = configuration.maximumHeaderFields
      let encoder = HTTPResponseEncoder()
      let decoder = ByteToMessageHandler(
        HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
      let outcome = channel.eventLoop.makePromise(of: GatewayConnection.Kind.self)
      let gate = ConnectionGate(
        handshake: handshake,
        limits: ConnectionState.Limits(
          idle: configuration.idleTimeout, body: configuration.bodyTimeout, write: configuration.writeTimeout,
          linger: configuration.lingerTimeout),
        codec: (encoder, decoder), outcome: outcome, maximumPipelined: configuration.maximumPipelined)
      do {
        try channel.pipeline.syncOperations.addHandler(encoder)
        try channel.pipeline.syncOperations.addHandler(decoder)
        try channel.pipeline.syncOperations.addHandler(gate)
      } catch {
        outcome.fail(error)
        throw error
      }
      return GatewayConnection(channel: channel, kind: outcome.futureResult)
    }
  }

  func handle(value: GatewayConnection, logger: Logger) async {
    await withTaskCancellationHandler {
      switch try? await value.kind.get() {
      case .http(let channel): await HTTPConnection(service: service).run(channel)
      case .socket(let connection): await connection.run()
      case .refused, nil: try? await value.channel.closeFuture.get()
      }
    } onCancel: {
      value.channel.close(promise: nil)
    }
  }

  /// Counts and logs a connection that got no answer.
  private func refuse(_ refusal: Refusal, from peer: String) {
    let requestID = RequestID(at: service.admission.clock.now())
    service.admission.note(refusal, channel: "-", requestID: requestID, remoteAddress: peer)
  }
}

/// Closes a connection as soon as it is open.
private final class ClosingHandler: ChannelInboundHandler {
  typealias InboundIn = Any

  func channelActive(context: ChannelHandlerContext) {
    context.close(promise: nil)
  }
}

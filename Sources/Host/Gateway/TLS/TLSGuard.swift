import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind the TLS handler: ends a connection whose handshake takes too long or fails, and keeps errors of TLS away from
/// the HTTP side, which could not answer them.
final class TLSGuard: ChannelInboundHandler {
  typealias InboundIn = Any
  typealias InboundOut = Any

  private let limit: TimeAmount
  private let onFailure: @Sendable (any Error) -> Void
  private var timer: Scheduled<Void>?
  private var isDone = false

  /// - Parameter onFailure: told once when there was no handshake.
  init(limit: TimeAmount, onFailure: @escaping @Sendable (any Error) -> Void) {
    self.limit = limit
    self.onFailure = onFailure
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) { [self] in
      fail(HandshakeTimeoutError(), context)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent {
      isDone = true
      timer?.cancel()
      timer = nil
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch error {
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError, is NIOSSLCloseTimedOutError: fail(error, context)
    default: context.fireErrorCaught(error)
    }
  }

  private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    timer?.cancel()
    timer = nil
    if !isDone {
      isDone = true
      onFailure(error)
    }
    context.close(promise: nil)
  }
}

/// The peer did not finish the handshake in time.
struct HandshakeTimeoutError: Error {}

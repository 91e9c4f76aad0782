import NIOCore
import NIOHTTP1
import Sockets

/// Performs `SocketOpening` on a new connection, then gives its place to the WebSocket's handlers. Leaves the connection closed
/// when it fails.
final class SocketOpeningHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let opening: SocketOpening
  private let timeout: TimeAmount
  private let configuration: SocketConfiguration
  private let codec: (encoder: HTTPRequestEncoder, decoder: ByteToMessageHandler<HTTPResponseDecoder>)
  private let outcome: EventLoopPromise<NIOAsyncChannel<[UInt8], Never>>
  private let onGone: @Sendable (SocketClosure) -> Void
  private var timer: Scheduled<Void>?
  private var isDecided = false
  /// The answer was good; the codec is on its way out.
  private var isOpening = false
  private var leftOver: [NIOAny] = []

  init(
    _ opening: SocketOpening, timeout: TimeAmount, configuration: SocketConfiguration,
    codec: (encoder: HTTPRequestEncoder, decoder: ByteToMessageHandler<HTTPResponseDecoder>),
    outcome: EventLoopPromise<NIOAsyncChannel<[UInt8], Never>>,
    onGone: @escaping @Sendable (SocketClosure) -> Void
  ) {
    self.opening = opening
    self.timeout = timeout
    self.configuration = configuration
    self.codec = codec
    self.outcome = outcome
    self.onGone = onGone
  }

  func handlerAdded(context: ChannelHandlerContext) {
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [self] in
      fail(SocketConnectError.timedOut, context)
    }
    guard context.channel.isActive else { return fail(SocketConnectError.unreachable, context) }
    context.write(Self.wrapOutboundOut(.head(opening.request)), promise: nil)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    if !isDecided { outcome.fail(SocketConnectError.unreachable) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(SocketConnectError.unreachable, context)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error is HTTPParserError ? SocketConnectError.notWebSocket : error, context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOpening else { return leftOver.append(data) }
    guard !isDecided else { return }
    switch Self.unwrapInboundIn(data) {
    case .head(let head): if let problem = opening.problem(with: head) { fail(problem, context) }
    case .body: break
    case .end: open(context)
    }
  }

  /// The decoder is still at work, and cannot see a frame pass before it is gone: until then what comes is kept.
  private func open(_ context: ChannelHandlerContext) {
    isDecided = true
    isOpening = true
    let pipeline = context.pipeline.syncOperations
    let removed = context.eventLoop.makePromise(of: Void.self)
    pipeline.removeHandler(codec.encoder, promise: nil)
    removed.futureResult.assumeIsolated().whenComplete { [self] _ in install(context) }
    pipeline.removeHandler(codec.decoder, promise: removed)
  }

  private func install(_ context: ChannelHandlerContext) {
    do {
      let messages = try SocketPipeline.install(
        on: context.channel, as: .client, configuration: configuration, onGone: onGone)
      outcome.succeed(messages)
      for data in leftOver { context.fireChannelRead(data) }
      leftOver = []
      context.fireChannelReadComplete()
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    } catch {
      outcome.fail(error)
      context.close(promise: nil)
    }
  }

  private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
    guard !isDecided else { return }
    isDecided = true
    outcome.fail(error)
    context.close(promise: nil)
  }
}

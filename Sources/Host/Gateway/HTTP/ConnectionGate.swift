import Core
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The request did not come to its end in time.
struct RequestTimeoutError: Error {}

/// More requests than allowed wait on one connection.
struct PipelineOverflowError: Error {}

/// Stands behind the HTTP decoder of every connection. Decides by the first request whether the connection is HTTP or a
/// WebSocket, watches the time limits, and closes the connection at the right moment of a shutdown.
///
/// The parser stops for good after a request that asks for an upgrade. Such a request is either taken here as a WebSocket, or
/// passed on without its `Upgrade` header and as the last one of its connection.
final class ConnectionGate: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum Mode {
    /// No request yet.
    case fresh
    /// The head of an upgrade request was read; the decision waits for the end of the request.
    case upgrading(HTTPRequestHead, ChannelTable.SocketMount)
    case http
    /// A WebSocket, or refused and about to be closed.
    case done
  }

  private let handshake: SocketHandshake
  private let codec: (encoder: HTTPResponseEncoder, decoder: ByteToMessageHandler<HTTPRequestDecoder>)
  private let outcome: EventLoopPromise<GatewayConnection.Kind>
  private var state: ConnectionState
  private var mode = Mode.fresh
  private var upgradeHasBody = false
  private let maximumPipelined: Int
  /// Everything that still comes is dropped.
  private var hasOverflowed = false
  private var timer: (fires: NIODeadline, task: Scheduled<Void>)?

  init(
    handshake: SocketHandshake, limits: ConnectionState.Limits,
    codec: (encoder: HTTPResponseEncoder, decoder: ByteToMessageHandler<HTTPRequestDecoder>),
    outcome: EventLoopPromise<GatewayConnection.Kind>, maximumPipelined: Int
  ) {
    self.handshake = handshake
    self.maximumPipelined = maximumPipelined
    self.codec = codec
    self.outcome = outcome
    self.state = ConnectionState(limits: limits, now: .now())
  }

  // MARK: Life

  func handlerAdded(context: ChannelHandlerContext) {
    arm(context, by: state.deadline(at: .now()))
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.task.cancel()
    timer = nil
    // Of no effect when the connection has found its kind.
    outcome.fail(ChannelError.eof)
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.task.cancel()
    timer = nil
    outcome.fail(ChannelError.eof)
    context.fireChannelInactive()
  }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = Self.unwrapInboundIn(data)
    switch (mode, part) {
    case (.fresh, .head(let head)):
      state.headRead(at: .now())
      if let mount = handshake.mount(for: head) {
        mode = .upgrading(head, mount)
      } else {
        startHTTP(context)
        forward(head, context)
      }
    case (.http, .head(let head)):
      guard !hasOverflowed, state.open < maximumPipelined else { return overflow(context) }
      state.headRead(at: .now())
      forward(head, context)
    case (.http, .body):
      if !state.isLingering, !hasOverflowed { context.fireChannelRead(data) }
    case (.http, .end):
      guard !hasOverflowed else { return }
      state.endRead()
      if !state.isLingering { context.fireChannelRead(data) }
    case (.upgrading, .body): upgradeHasBody = true
    case (.upgrading(let head, let mount), .end): finishUpgrade(head, mount, context)
    case (.fresh, _), (.upgrading, .head), (.done, _): break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if state.readingSince != nil { arm(context, by: state.deadline(at: .now())) }
    context.fireChannelReadComplete()
    // Nobody reads the stream of parts any more, but the bytes must be taken for the peer to see our last answer.
    if state.isLingering { context.read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch mode {
    case .fresh, .upgrading:
      // The first request was broken: the HTTP side knows how to say so.
      state.headRead(at: .now())
      startHTTP(context)
    case .http: if state.open == 0 { state.headRead(at: .now()) }
    case .done: break
    }
    context.fireErrorCaught(error)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent:
      if case .http = mode, !state.quiesce() { return }
      if case .done = mode { return }
      context.close(promise: nil)
    case let closed as ChannelEvent where closed == .inputClosed:
      if case .http = mode, !state.isLingering {
        context.fireUserInboundEventTriggered(event)
      } else if case .done = mode {
        context.fireUserInboundEventTriggered(event)
      } else {
        context.close(promise: nil)
      }
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  private func forward(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard !state.isLingering else { return }
    var head = head
    if head.headers.contains(name: "upgrade") || head.method == .CONNECT {
      head.headers.remove(name: "upgrade")
      head.headers.replaceOrAdd(name: "connection", value: "close")
    }
    context.fireChannelRead(Self.wrapInboundOut(.head(head)))
  }

  /// One read may hold thousands of requests. Those before the limit are answered, then the connection ends.
  private func overflow(_ context: ChannelHandlerContext) {
    guard !hasOverflowed else { return }
    hasOverflowed = true
    context.fireErrorCaught(PipelineOverflowError())
  }

  private func startHTTP(_ context: ChannelHandlerContext) {
    mode = .http
    do {
      let channel = try NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>(
        wrappingChannelSynchronously: context.channel,
        configuration: .init(
          // With the size of a read, what a connection may hold while nobody takes its parts.
          backPressureStrategy: .init(lowWatermark: 1, highWatermark: 4), isOutboundHalfClosureEnabled: true))
      outcome.succeed(.http(channel))
    } catch {
      outcome.fail(error)
      context.close(promise: nil)
    }
  }

  // MARK: Writing

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch Self.unwrapOutboundIn(data) {
    case .head(var head) where state.isDraining && head.status.code >= 200:
      head.headers.replaceOrAdd(name: "connection", value: "close")
      context.write(Self.wrapOutboundOut(.head(head)), promise: promise)
    case .end:
      context.write(data, promise: promise)
      if state.answerEnded(at: .now()) == .closeOutput {
        context.flush()
        context.close(mode: .output, promise: nil)
        state.outputClosed(at: .now())
        arm(context, by: state.deadline(at: .now()))
      }
    default: context.write(data, promise: promise)
    }
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output {
      state.outputClosed(at: .now())
      arm(context, by: state.deadline(at: .now()))
    }
    context.close(mode: mode, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    state.writabilityChanged(context.channel.isWritable, at: .now())
    arm(context, by: state.deadline(at: .now()))
    context.fireChannelWritabilityChanged()
  }

  // MARK: Timer

  /// One timer a connection: it is moved only when something must happen earlier than it would fire.
  private func arm(_ context: ChannelHandlerContext, by deadline: NIODeadline) {
    if let timer {
      guard deadline < timer.fires else { return }
      timer.task.cancel()
    }
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
      timer = nil
      switch state.timerFired(at: .now()) {
      case .wait(let next): arm(context, by: next)
      case .failRequest:
        context.fireErrorCaught(RequestTimeoutError())
        arm(context, by: .now() + state.limits.idle)
      case .close: context.close(promise: nil)
      }
    }
    timer = (deadline, task)
  }

  // MARK: Upgrade

  private func finishUpgrade(_ head: HTTPRequestHead, _ mount: ChannelTable.SocketMount, _ context: ChannelHandlerContext) {
    mode = .done
    timer?.task.cancel()
    timer = nil
    let peer = context.channel.remoteAddress?.ipAddress ?? ""
    switch handshake.decide(head, mount, hasBody: upgradeHasBody, peer: peer) {
    case .refuse(let answer):
      let body = context.channel.allocator.buffer(bytes: answer.body)
      context.write(Self.wrapOutboundOut(.head(answer.head)), promise: nil)
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
      let written = context.eventLoop.makePromise(of: Void.self)
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: written)
      let channel = context.channel
      written.futureResult.whenComplete { _ in channel.close(promise: nil) }
      outcome.succeed(.refused)
    case .accept(let response, let session):
      context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
      context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
      do {
        let socket = try handshake.install(on: context.channel, session: session, channel: mount.channel.name)
        outcome.succeed(.socket(socket))
        let pipeline = context.pipeline.syncOperations
        pipeline.removeHandler(context: context, promise: nil)
        pipeline.removeHandler(codec.encoder, promise: nil)
        // Last, because it hands the bytes that came behind the request to whoever stands next in the pipeline.
        pipeline.removeHandler(codec.decoder, promise: nil)
      } catch {
        outcome.fail(error)
        context.close(promise: nil)
      }
    }
  }
}

import NIOCore
import NIOWebSocket

/// Asks the WebSocket of a channel to begin the closing handshake.
struct SocketCloseRequest: Sendable {
  let code: UInt16
  let reason: String
}

/// Obeys `SocketState`: frames in, complete text messages out; answers pings, pings a silent peer, closes.
final class SocketHandler: ChannelDuplexHandler {
  typealias InboundIn = WebSocketFrame
  typealias InboundOut = [UInt8]
  typealias OutboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let end: SocketEnd
  private var state: SocketState
  private var timer: (fires: NIODeadline, task: Scheduled<Void>)?
  private let onGone: @Sendable (SocketClosure) -> Void
  private var isGone = false

  /// - Parameter onGone: called once, when the connection is of no more use, before its reader sees the end.
  init(configuration: SocketConfiguration, end: SocketEnd, onGone: @escaping @Sendable (SocketClosure) -> Void) {
    self.end = end
    self.onGone = onGone
    state = SocketState(configuration: configuration, end: end, now: .now())
  }

  func handlerAdded(context: ChannelHandlerContext) {
    arm(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.task.cancel()
    timer = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    timer?.task.cancel()
    timer = nil
    gone()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let now = NIODeadline.now()
    state.heard(at: now)
    perform(state.receive(Self.unwrapInboundIn(data), at: now), context)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let error = error as? NIOWebSocketError else {
      context.fireErrorCaught(error)
      return
    }
    let (code, reason): (UInt16, String) =
      switch error {
      case .invalidFrameLength: (1009, "message too big")
      case .fragmentedControlFrame: (1002, "fragmented control frame")
      case .multiByteControlFrameLength: (1002, "control frame too long")
      }
    perform(state.close(code: code, reason: reason, discarding: true, at: .now()), context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      perform(state.close(code: 1001, reason: "server is shutting down", at: .now()), context)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    if let request = event as? SocketCloseRequest {
      perform(state.close(code: request.code, reason: request.reason, at: .now()), context)
      promise?.succeed()
    } else {
      context.triggerUserOutboundEvent(event, promise: promise)
    }
  }

  /// Nothing may follow our close frame (RFC 6455 §5.5.1).
  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if state.isOpen {
      var frame = Self.unwrapOutboundIn(data)
      frame.maskKey = mask
      context.write(Self.wrapOutboundOut(frame), promise: promise)
    } else {
      promise?.fail(SocketError.closed)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    state.writabilityChanged(context.channel.isWritable, at: .now())
    arm(context)
    context.fireChannelWritabilityChanged()
  }

  private func perform(_ action: SocketState.Action, _ context: ChannelHandlerContext) {
    switch action {
    case .none: break
    case .deliver(let bytes): context.fireChannelRead(Self.wrapInboundOut(bytes))
    case .sendPong(let payload):
      // A peer that pings without reading gets no further answers instead of a growing queue.
      guard context.channel.isWritable else { return }
      send(.pong, payload, context)
    case .sendClose(let code, let reason):
      send(.connectionClose, Self.closePayload(code, reason), context)
      arm(context)
    case .finish(let echo):
      if let echo { send(.connectionClose, Self.closePayload(echo, ""), context) }
      gone()
      context.close(mode: .output, promise: nil)
      // Whatever the peer does now is of no interest; the reader sees the end of its messages.
      context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    }
  }

  private func gone() {
    guard !isGone else { return }
    isGone = true
    onGone(state.closure ?? .lost)
  }

  /// A key nobody can guess, for each frame of a client (RFC 6455 §5.3).
  private var mask: WebSocketMaskingKey? { end == .client ? .random() : nil }

  private func send(_ opcode: WebSocketOpcode, _ payload: [UInt8], _ context: ChannelHandlerContext) {
    let frame = WebSocketFrame(
      fin: true, opcode: opcode, maskKey: mask, data: context.channel.allocator.buffer(bytes: payload))
    context.writeAndFlush(Self.wrapOutboundOut(frame), promise: nil)
  }

  private static func closePayload(_ code: UInt16, _ reason: String) -> [UInt8] {
    var payload = [UInt8(truncatingIfNeeded: code >> 8), UInt8(truncatingIfNeeded: code)]
    for character in reason {
      guard payload.count + character.utf8.count <= 125 else { break }
      payload.append(contentsOf: character.utf8)
    }
    return payload
  }

  private func arm(_ context: ChannelHandlerContext) {
    let deadline = state.deadline
    if let timer {
      guard deadline < timer.fires else { return }
      timer.task.cancel()
    }
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
      timer = nil
      switch state.timerFired(at: .now()) {
      case .wait: arm(context)
      case .sendPing:
        send(.ping, [], context)
        arm(context)
      case .disconnect: context.close(promise: nil)
      }
    }
    timer = (deadline, task)
  }
}

import NIOCore
import NIOWebSocket

/// The closing handshake and the time limits of one WebSocket. Pure: the handler feeds it and obeys.
struct SocketState {
  enum Phase: Equatable {
    case open
    /// Our close frame is out, the peer's is awaited. What the peer sent before it saw ours still counts, unless it broke
    /// the protocol.
    case closing(since: NIODeadline, discarding: Bool)
    case closed
  }

  enum Action: Equatable {
    case none
    case deliver([UInt8])
    case sendPong([UInt8])
    case sendClose(code: UInt16, reason: String)
    /// Both close frames are out: the connection can go. A code is echoed first.
    case finish(echo: UInt16?)
  }

  enum TimerAction: Equatable {
    case wait(until: NIODeadline)
    case sendPing(next: NIODeadline)
    case disconnect
  }

  let configuration: SocketConfiguration
  private(set) var phase = Phase.open
  /// Which close frame ended it, the peer's before ours; nil while there was none.
  private(set) var closure: SocketClosure?
  private var assembler: FrameAssembler
  private var heardAt: NIODeadline
  private var pingedAt: NIODeadline?
  private var unwritableSince: NIODeadline?

  init(configuration: SocketConfiguration, end: SocketEnd, now: NIODeadline) {
    self.configuration = configuration
    self.assembler = FrameAssembler(end: end, maximumMessage: configuration.maximumMessage)
    self.heardAt = now
  }

  var isOpen: Bool { phase == .open }

  mutating func heard(at now: NIODeadline) {
    heardAt = now
    pingedAt = nil
  }

  mutating func received(_ event: FrameAssembler.Event, at now: NIODeadline) -> Action {
    switch (phase, event) {
    case (.closed, _), (.closing(_, discarding: true), .text), (.closing, .ping): return .none
    case (_, .incomplete), (_, .pong): return .none
    case (_, .text(let bytes)): return .deliver(bytes)
    case (.open, .ping(let payload)): return .sendPong(payload)
    case (.open, .close(let code, let reason)):
      phase = .closed
      closure = SocketClosure(code: code ?? SocketClosure.noCode, reason: reason, isByPeer: true)
      return .finish(echo: code ?? 1000)
    case (.closing, .close):
      phase = .closed
      return .finish(echo: nil)
    case (.open, .violation(let code, let reason)):
      phase = .closing(since: now, discarding: true)
      closure = SocketClosure(code: code, reason: reason, isByPeer: false)
      return .sendClose(code: code, reason: reason)
    case (.closing(let since, _), .violation):
      phase = .closing(since: since, discarding: true)
      return .none
    }
  }

  /// The decoder gave up, or this side wants to close.
  mutating func close(code: UInt16, reason: String, discarding: Bool = false, at now: NIODeadline) -> Action {
    guard case .open = phase else { return .none }
    phase = .closing(since: now, discarding: discarding)
    let code = FrameAssembler.isValidCloseCode(code) ? code : 1000
    closure = SocketClosure(code: code, reason: reason, isByPeer: false)
    return .sendClose(code: code, reason: reason)
  }

  mutating func receive(_ frame: WebSocketFrame, at now: NIODeadline) -> Action {
    received(assembler.receive(frame), at: now)
  }

  mutating func writabilityChanged(_ isWritable: Bool, at now: NIODeadline) {
    unwritableSince = isWritable ? nil : now
  }

  var deadline: NIODeadline {
    var deadline: NIODeadline
    switch phase {
    case .open: deadline = pingedAt.map { $0 + configuration.pongTimeout } ?? heardAt + configuration.pingInterval
    case .closing(let since, _): deadline = since + configuration.closeTimeout
    case .closed: deadline = heardAt + configuration.closeTimeout
    }
    if let unwritableSince { deadline = min(deadline, unwritableSince + configuration.writeTimeout) }
    return deadline
  }

  mutating func timerFired(at now: NIODeadline) -> TimerAction {
    guard deadline <= now else { return .wait(until: deadline) }
    if let unwritableSince, unwritableSince + configuration.writeTimeout <= now { return .disconnect }
    guard case .open = phase, pingedAt == nil else { return .disconnect }
    pingedAt = now
    return .sendPing(next: deadline)
  }
}

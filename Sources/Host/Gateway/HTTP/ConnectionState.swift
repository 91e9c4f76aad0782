import NIOCore

/// What one HTTP connection is doing, as far as time limits and shutdown are concerned. Pure: the gate feeds it and obeys.
struct ConnectionState {
  struct Limits {
    let idle: TimeAmount
    let body: TimeAmount
    let write: TimeAmount
    let linger: TimeAmount
  }

  /// What to do when a timer fires.
  enum TimerAction: Equatable {
    case wait(until: NIODeadline)
    /// The body took too long: fail the request, so that it is answered with 408.
    case failRequest
    case close
  }

  enum AnswerAction: Equatable {
    case proceed
    /// This was the last answer of the connection.
    case closeOutput
  }

  let limits: Limits
  /// Heads seen minus answers finished; more than one when requests are pipelined.
  private(set) var open = 0
  /// When the head came whose end has not come yet.
  private(set) var readingSince: NIODeadline?
  private(set) var isDraining = false
  private(set) var outputClosedAt: NIODeadline?
  private var idleSince: NIODeadline
  private var unwritableSince: NIODeadline?
  private var failedRequest = false

  init(limits: Limits, now: NIODeadline) {
    self.limits = limits
    self.idleSince = now
  }

  var isLingering: Bool { outputClosedAt != nil }

  mutating func headRead(at now: NIODeadline) {
    open += 1
    readingSince = now
  }

  mutating func endRead() {
    readingSince = nil
  }

  mutating func answerEnded(at now: NIODeadline) -> AnswerAction {
    open = max(0, open - 1)
    idleSince = now
    return isDraining && open == 0 && outputClosedAt == nil ? .closeOutput : .proceed
  }

  mutating func outputClosed(at now: NIODeadline) {
    if outputClosedAt == nil { outputClosedAt = now }
  }

  mutating func writabilityChanged(_ isWritable: Bool, at now: NIODeadline) {
    unwritableSince = isWritable ? nil : now
  }

  /// The server is shutting down. True: nothing is in flight, close at once.
  mutating func quiesce() -> Bool {
    isDraining = true
    return open == 0 && outputClosedAt == nil
  }

  /// The next instant at which something has to happen if nothing else does.
  func deadline(at now: NIODeadline) -> NIODeadline {
    if let unwritableSince { return unwritableSince + limits.write }
    if let outputClosedAt { return outputClosedAt + limits.linger }
    if let readingSince, !failedRequest { return readingSince + limits.body }
    if open == 0 { return idleSince + limits.idle }
    return now + limits.idle
  }

  mutating func timerFired(at now: NIODeadline) -> TimerAction {
    let deadline = deadline(at: now)
    guard deadline <= now else { return .wait(until: deadline) }
    if unwritableSince == nil, outputClosedAt == nil, readingSince != nil, !failedRequest {
      failedRequest = true
      return .failRequest
    }
    return .close
  }
}

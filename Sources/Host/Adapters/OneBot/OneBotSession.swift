import Core

/// One reverse WebSocket: events come in, actions go out, answers find their action by `echo`.
actor OneBotSession: SocketSession {
  enum CallError: Error, Sendable, Equatable {
    /// Nothing was sent.
    case notConnected
    /// Too many actions wait for an answer; nothing was sent.
    case busy
    /// The socket closed before the answer came.
    case connectionLost
    case timedOut
  }

  private struct PendingCall {
    let continuation: CheckedContinuation<Result<OneBotResponse, CallError>, Never>
    let timer: Task<Void, Never>
  }

  /// How long an answer may take.
  static let callLimit: Duration = .seconds(30)
  private static let mostPending = 256
  /// RFC 6455 §7.4.1: the endpoint's policy forbids this connection.
  private static let policyViolation: UInt16 = 1008

  nonisolated let selfID: String
  nonisolated let role: OneBotRole
  private let accounts: OneBotAccounts
  private let interpreter: OneBotInterpreter
  private let clock: any Clock<Duration>
  private var socket: (any TextSocket)?
  private var pending: [String: PendingCall] = [:]
  private var callCount: UInt64 = 0

  init(selfID: String, role: OneBotRole, accounts: OneBotAccounts, interpreter: OneBotInterpreter, clock: any Clock<Duration>) {
    self.selfID = selfID
    self.role = role
    self.accounts = accounts
    self.interpreter = interpreter
    self.clock = clock
  }

  func opened(_ socket: any TextSocket) async {
    self.socket = socket
    for old in await accounts.join(self) {
      // Not awaited: the old peer may be gone, and the new one must not wait for a handshake with it.
      Task { await old.replace() }
    }
  }

  func interpret(_ document: JSON, receivedAt: Timestamp, requestID: RequestID) throws(Refusal) -> Interpretation {
    let frame = try OneBotFrame.read(document)
    if case .response(let response) = frame, let echo = response.echo?.string, pending[echo] != nil {
      finish(echo, .success(response))
      return .control(nil)
    }
    if let account = frame.selfID, account != selfID { return .ignored(type: "self_id_mismatch") }
    return interpreter.interpret(frame, receivedAt: receivedAt, requestID: requestID)
  }

  func closed() async {
    socket = nil
    await accounts.leave(self)
    for echo in Array(pending.keys) { finish(echo, .failure(.connectionLost)) }
  }

  /// Runs one action. Ends within `callLimit`, whatever the socket does.
  func call(_ action: String, _ parameters: JSON) async throws(CallError) -> OneBotResponse {
    guard let socket else { throw .notConnected }
    guard pending.count < Self.mostPending else { throw .busy }
    callCount += 1
    let echo = "call-\(callCount)"
    let frame: JSON = ["action": .string(action), "params": parameters, "echo": .string(echo)]
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let timer = Task {
          try? await clock.sleep(for: Self.callLimit)
          if !Task.isCancelled { finish(echo, .failure(.timedOut)) }
        }
        pending[echo] = PendingCall(continuation: continuation, timer: timer)
        // A task of its own: a peer that stops reading may hold up the send for longer than the call may take.
        Task {
          do {
            try await socket.send(frame.canonical)
          } catch {
            // A frame that was not handed over completely is none; a cancelled one may still be.
            finish(echo, .failure(error is CancellationError ? .connectionLost : .notConnected))
          }
        }
      }
    } onCancel: {
      Task { await self.finish(echo, .failure(.connectionLost)) }
    }
    return try result.get()
  }

  private func finish(_ echo: String, _ result: Result<OneBotResponse, CallError>) {
    guard let call = pending.removeValue(forKey: echo) else { return }
    call.timer.cancel()
    call.continuation.resume(returning: result)
  }

  private func replace() async {
    await socket?.close(code: Self.policyViolation, reason: "replaced by a newer connection of this account")
  }
}

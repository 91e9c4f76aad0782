import Core
import Synchronization

/// One WebSocket, whoever opened it: events come in, actions go out, answers find their action by `echo`.
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

  nonisolated let role: OneBotRole
  /// The QQ account behind the socket; nil until a socket that we opened has said whose it is.
  nonisolated var selfID: String? { identity.withLock { $0 } }
  /// Whether the peer said that our token is wrong.
  private(set) var isUnauthorized = false
  private nonisolated let identity: Mutex<String?>
  /// What works as soon as the account is known; nil for a socket that the peer opened, and would open again.
  private let connection: OneBotCondition.Part?
  private let accounts: OneBotAccounts
  private let interpreter: OneBotInterpreter
  private let clock: any Clock<Duration>
  private var socket: (any TextSocket)?
  private var pending: [String: PendingCall] = [:]
  private var callCount: UInt64 = 0
  private var watchdog = OneBotWatchdog()
  private var watch: Task<Void, Never>?
  /// Time since the session began.
  private let elapsed: @Sendable () -> Duration

  init(selfID: String?, role: OneBotRole, accounts: OneBotAccounts, interpreter: OneBotInterpreter, clock: any Clock<Duration>) {
    identity = Mutex(selfID)
    connection = selfID == nil ? .connection(role.rawValue) : nil
    elapsed = Self.stopwatch(clock)
    self.role = role
    self.accounts = accounts
    self.interpreter = interpreter
    self.clock = clock
  }

  private static func stopwatch<Source: Clock<Duration>>(_ clock: Source) -> @Sendable () -> Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
  }

  func opened(_ socket: any TextSocket) async {
    self.socket = socket
    await takePlace()
  }

  func interpret(_ document: JSON, receivedAt: Timestamp, requestID: RequestID) async throws(Refusal) -> Interpretation {
    let frame = try OneBotFrame.read(document)
    watch(frame)
    if case .response(let response) = frame {
      if response.failure == .unauthorized, selfID == nil { isUnauthorized = true }
      if let echo = response.echo?.string, pending[echo] != nil {
        finish(echo, .success(response))
        return .control(nil)
      }
    }
    if let account = frame.selfID {
      await identify(as: account)
      if account != selfID { return .ignored(type: "self_id_mismatch") }
    }
    accounts.heard(frame)
    return interpreter.interpret(frame, receivedAt: receivedAt, requestID: requestID)
  }

  /// The account is known from now on; of no effect when one was known before.
  func identify(as account: String) async {
    let isNew = identity.withLock { known in
      guard known == nil else { return false }
      known = account
      return true
    }
    if isNew, socket != nil { await takePlace() }
  }

  private func takePlace() async {
    if let connection, selfID != nil { accounts.condition.report(nil, of: connection) }
    for old in await accounts.join(self) {
      // Not awaited: the old peer may be gone, and the new one must not wait for a handshake with it.
      Task { await old.close(reason: "replaced by a newer connection of this account") }
    }
  }

  func closed() async {
    socket = nil
    watch?.cancel()
    await accounts.leave(self)
    for echo in Array(pending.keys) { finish(echo, .failure(.connectionLost)) }
  }

  /// Runs one action. Ends within `limit`, whatever the socket does.
  func call(
    _ action: String, _ parameters: JSON, limit: Duration = OneBotSession.callLimit
  ) async throws(CallError) -> OneBotResponse {
    guard let socket else { throw .notConnected }
    guard pending.count < Self.mostPending else { throw .busy }
    callCount += 1
    let echo = "call-\(callCount)"
    let frame: JSON = ["action": .string(action), "params": parameters, "echo": .string(echo)]
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let timer = Task {
          try? await clock.sleep(for: limit)
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

  private func close(reason: String) async {
    await socket?.close(code: Self.policyViolation, reason: reason)
  }
}

// MARK: Watchdog

extension OneBotSession {
  private func watch(_ frame: OneBotFrame) {
    if case .meta(let meta) = frame, meta.kind == .heartbeat {
      watchdog.heardHeartbeat(every: meta.interval, at: elapsed())
    } else {
      watchdog.heard(at: elapsed())
    }
    guard watch == nil, socket != nil, watchdog.limit != nil else { return }
    // A task of its own, which ends with the socket: whoever reads the frames knows nothing of heartbeats.
    watch = Task {
      while let patience = watchdog.patience(at: elapsed()), !Task.isCancelled {
        guard patience > .zero else { return await close(reason: "no heartbeat") }
        try? await clock.sleep(for: patience)
      }
    }
  }
}

import AdapterHTTP
import Core
import Sockets
import Synchronization

/// Does what `QQGatewaySession` decides for one shard: connects, sends, waits, hands frames to admission.
final class QQGatewayShard: SocketSession {
  /// What all shards of a bot share.
  struct Context: Sendable {
    let api: QQAPI
    let sockets: SocketClient
    let directory: QQGatewayDirectory
    let time: QQStopwatch
    let intake: any FrameIntake
    let random: @Sendable () -> Double
  }

  private struct State {
    var session: QQGatewaySession
    /// What the frame under admission turned out to be.
    var incoming: (sequence: Int64?, control: QQControl?) = (nil, nil)
    /// The token that the platform was shown last.
    var token: Secret?
  }

  private let context: Context
  private let index: Int
  private let report: @Sendable (_ problem: String?) -> Void
  private let state: Mutex<State>
  /// Rung when the position changed; one ring is kept.
  private let changes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

  private var configuration: QQConfiguration { context.api.configuration }

  init(
    _ context: Context, index: Int, position: QQGatewaySession.Position?, report: @escaping @Sendable (String?) -> Void
  ) {
    self.context = context
    self.index = index
    self.report = report
    state = Mutex(State(session: QQGatewaySession(intents: context.api.configuration.intents, position: position)))
  }

  /// Ends when the task is cancelled, or when the platform does not want us any more.
  func run(_ notebook: QQSessionNotebook) async {
    await withTaskGroup { group in
      group.addTask { [self] in
        for await _ in changes.stream {
          await notebook.keep(position)
          await context.time.sleep(.seconds(1))
        }
      }
      await holdConnections()
      group.cancelAll()
    }
    // Of its own, because in a cancelled task nothing can be written any more.
    await Task { await notebook.keep(position) }.value
  }

  private var position: QQGatewaySession.Position? { state.withLock { $0.session.position } }

  private func holdConnections() async {
    while !Task.isCancelled {
      let next = await connect()
      guard !Task.isCancelled else { return }
      if let problem = next.problem { report(problem) }
      changes.continuation.yield()
      guard let delay = next.delay else { return }
      if next.refreshesToken, let token = state.withLock({ $0.token.take() }) { await context.api.tokens.drop(token) }
      if delay > .zero { await context.time.sleep(delay) }
    }
  }

  /// One connection, from finding the gateway to its end.
  private func connect() async -> QQGatewaySession.Next {
    do {
      switch try await context.directory.find(forNewSession: position == nil) {
      case .exhausted(let wait): return state.withLock { $0.session.exhausted(for: wait) }
      case .place(let url, let wait):
        if wait > .zero { await context.time.sleep(wait) }
        let closure = try await context.sockets.withSocket(to: url) { [self] in await hold($0, &$1) }
        let (now, jitter) = (context.time.now(), context.random())
        return state.withLock { $0.session.closed(closure.code, at: now, jitter: jitter) }
      }
    } catch let error as DeliveryError {
      return failed("the gateway cannot be found (\(error.code)): \(error.message)")
    } catch {
      return failed("the gateway cannot be reached: \(error)")
    }
  }

  private func failed(_ problem: String) -> QQGatewaySession.Next {
    let jitter = context.random()
    return state.withLock { $0.session.failed(problem, jitter: jitter) }
  }

  // MARK: - On the open connection

  private func hold(_ socket: any TextSocket, _ messages: inout SocketMessages) async {
    let now = context.time.now()
    state.withLock { $0.session.opened(at: now) }
    await withDiscardingTaskGroup { group in
      group.addTask { [self] in
        await context.time.sleep(QQGatewaySession.helloLimit)
        if !Task.isCancelled { await tick(socket) }
      }
      while let frame = await messages.next() {
        for action in await take(frame) {
          if action == .keepTime {
            group.addTask { [self] in await keepTime(socket) }
          } else {
            await perform(action, on: socket)
          }
        }
      }
      group.cancelAll()
    }
  }

  /// Offers one frame to admission. What it settles moves the position only now, with the event on disk.
  private func take(_ frame: [UInt8]) async -> [QQGatewaySession.Action] {
    let now = context.time.now()
    let isOver = state.withLock { state in
      state.session.heard(at: now)
      state.incoming = (nil, nil)
      return state.session.isEnding
    }
    // What still comes is repeated on the next connection; taken now, it would leave out what was refused before it.
    guard !isOver else { return [] }
    let verdict = await context.intake.admit(frame: frame, of: self, channel: configuration.name)
    let jitter = context.random()
    return state.withLock { state in
      switch verdict {
      case .refused(let refusal) where refusal.status == 503: return state.session.journalRefused()
      case .taken, .refused, .malformed: break
      }
      if let control = state.incoming.control { return state.session.receive(control, at: now, jitter: jitter) }
      return state.incoming.sequence.map { state.session.settled($0) } ?? []
    }
  }

  private func keepTime(_ socket: any TextSocket) async {
    while !Task.isCancelled {
      let now = context.time.now()
      let wait = state.withLock { $0.session.untilTick(at: now) }
      if wait > .zero { await context.time.sleep(wait) }
      guard !Task.isCancelled, await tick(socket) else { return }
    }
  }

  /// False when the connection is being closed.
  @discardableResult
  private func tick(_ socket: any TextSocket) async -> Bool {
    let now = context.time.now()
    let actions = state.withLock { $0.session.tick(at: now) }
    for action in actions { await perform(action, on: socket) }
    return !actions.contains(.close)
  }

  private func perform(_ action: QQGatewaySession.Action, on socket: any TextSocket) async {
    switch action {
    case .identify(let intents):
      await authenticate(on: socket) { [index, configuration] token in
        [
          "op": 2,
          "d": [
            "token": token, "intents": .integer(intents.rawValue),
            "shard": [.integer(Int64(index)), .integer(Int64(configuration.shards))],
            "properties": ["$os": "linux", "$browser": "openclaw", "$device": "openclaw"],
          ],
        ]
      }
    case .resume(let position):
      await authenticate(on: socket) { token in
        ["op": 6, "d": ["token": token, "session_id": .string(position.sessionID), "seq": .integer(position.sequence)]]
      }
    case .heartbeat(let sequence): await send(["op": 1, "d": sequence.map(JSON.integer) ?? .null], on: socket)
    case .save: changes.continuation.yield()
    case .established(let problem): report(problem)
    case .close: await socket.close(code: 1000, reason: "")
    case .keepTime: break
    }
  }

  private func authenticate(on socket: any TextSocket, _ message: @Sendable (JSON) -> JSON) async {
    do throws(DeliveryError) {
      let token = try await context.api.tokens.token()
      state.withLock { $0.token = token }
      await send(message(.string("QQBot \(token.reveal())")), on: socket)
    } catch {
      let actions = state.withLock { $0.session.tokenMissing(error.code) }
      for action in actions { await perform(action, on: socket) }
    }
  }

  /// A frame that cannot be sent is no matter: the connection is at its end, and its reader sees that.
  private func send(_ message: JSON, on socket: any TextSocket) async {
    try? await socket.send(message.canonical)
  }

  // MARK: - For admission

  func opened(_ socket: any TextSocket) async {}
  func closed() async {}

  func interpret(_ document: JSON, receivedAt: Timestamp, requestID: RequestID) async throws(Refusal) -> Interpretation {
    let botUserID = state.withLock { state in
      state.incoming.sequence = document["s"]?.integer
      return state.session.position?.botUserID ?? configuration.botUserID
    }
    let payload: QQPayload
    do {
      payload = try QQPayload(parsing: document, botUserID: botUserID)
    } catch {
      throw Refusal(status: 400, code: "payload_invalid", message: error.description)
    }
    guard case .control(let control) = payload else {
      return payload.interpretation(
        channel: configuration.name, appID: configuration.appID, requestID: requestID, receivedAt: receivedAt)
    }
    state.withLock { $0.incoming.control = control }
    return control == .unknown ? .ignored(type: Interpretation.unknownType) : .control(nil)
  }
}

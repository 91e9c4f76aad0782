import Core
import Synchronization
import TestSupport

/// The platform's WebSocket gateway: sessions with numbered dispatches, replay on resume, and every way of losing a connection.
final class PlatformGateway: Sendable {
  /// How a connection is lost.
  enum Loss: CaseIterable, Sendable {
    /// The connection ends without a close frame.
    case drop
    /// Close code 4009: expired, may be resumed.
    case expired
    /// Close code 4900: internal error, a new session is needed.
    case internalError
    /// op 7.
    case reconnect
    /// op 9, false: the session is gone.
    case invalidSession
    /// Nothing is sent and nothing is answered any more, although the connection stands.
    case halfOpen
    /// What was sent last is sent once more, and everything goes on.
    case repeatedDispatches
  }

  private struct Session {
    let id: String
    var dispatches: [(sequence: Int64, event: JSON)] = []
    var sequence: Int64 = 0
  }

  private struct State {
    var session: Session?
    var sessions = 0
    var peer: WebSocketServer.Peer?
    /// Counts connections: what an older one does means nothing.
    var connection = 0
    var isSilent = false
    /// Dispatches on their way out, in order.
    var outgoing: AsyncStream<String>.Continuation?
    var identifies = 0
    var resumes = 0
    var violations: [String] = []
    var waiters: [CheckedContinuation<Void, Never>] = []

    mutating func connect(_ feed: AsyncStream<String>.Continuation) {
      outgoing = feed
      for waiter in waiters { waiter.resume() }
      waiters = []
    }
  }

  private final class Shared: Sendable {
    let state = Mutex(State())
  }

  private static let heartbeat: Int64 = 500
  /// Dispatches that a session can replay.
  private static let memory = 20_000

  private let shared: Shared
  private let server: WebSocketServer

  var url: String { "ws://127.0.0.1:\(server.port)/websocket/" }
  var violations: [String] { shared.state.withLock(\.violations) }
  var identifies: Int { shared.state.withLock(\.identifies) }
  var resumes: Int { shared.state.withLock(\.resumes) }

  private init(server: WebSocketServer, shared: Shared) {
    self.server = server
    self.shared = shared
  }

  static func start() async throws -> PlatformGateway {
    let shared = Shared()
    let server = try await WebSocketServer.start { peer, texts in await Self.serve(peer, texts, shared) }
    return PlatformGateway(server: server, shared: shared)
  }

  /// Numbers the event and sends it as soon as there is a connection.
  func publish(_ event: JSON) {
    shared.state.withLock { state in
      guard state.session != nil else {
        state.violations.append("an event before the first session")
        return
      }
      Self.append(event, &state)
    }
  }

  /// Returns once there is a session to publish to.
  func waitForSession() async {
    await withCheckedContinuation { continuation in
      let isThere = shared.state.withLock { state in
        if state.session != nil && state.outgoing != nil { return true }
        state.waiters.append(continuation)
        return false
      }
      if isThere { continuation.resume() }
    }
  }

  func lose(_ loss: Loss) async {
    let peer = shared.state.withLock { state -> WebSocketServer.Peer? in
      switch loss {
      case .halfOpen: state.isSilent = true
      case .repeatedDispatches:
        for (sequence, event) in state.session?.dispatches.suffix(20) ?? [] {
          state.outgoing?.yield(Self.text(event, sequence))
        }
      case .internalError, .invalidSession: Self.renewSession(&state)
      case .drop, .expired, .reconnect: break
      }
      return state.peer
    }
    switch loss {
    case .drop: await peer?.drop()
    case .expired: await peer?.close(code: 4009)
    case .internalError: await peer?.close(code: 4900)
    case .reconnect: try? await peer?.send(#"{"op":7}"#)
    case .invalidSession: try? await peer?.send(#"{"op":9,"d":false}"#)
    case .halfOpen, .repeatedDispatches: break
    }
  }

  // MARK: One connection

  private static func serve(_ peer: WebSocketServer.Peer, _ texts: AsyncStream<String>, _ shared: Shared) async {
    let (outgoing, feed) = AsyncStream.makeStream(of: String.self)
    let number = shared.state.withLock { state in
      state.connection += 1
      state.peer = peer
      state.isSilent = false
      state.outgoing?.finish()
      state.outgoing = nil
      return state.connection
    }
    try? await peer.send(#"{"op":10,"d":{"heartbeat_interval":\#(heartbeat)}}"#)
    await withDiscardingTaskGroup { group in
      group.addTask {
        for await text in outgoing where !shared.state.withLock(\.isSilent) { try? await peer.send(text) }
      }
      for await text in texts {
        let isSilent = shared.state.withLock { $0.isSilent && $0.connection == number }
        guard !isSilent, let frame = try? JSON(parsing: text), let operation = frame["op"]?.integer else { continue }
        switch operation {
        case 1: try? await peer.send(#"{"op":11}"#)
        case 2, 6:
          guard frame["d"]?["token"]?.string?.hasPrefix("QQBot token-") == true else {
            note("a token that is none", shared)
            await peer.close(code: 4004)
            continue
          }
          let isTaken = shared.state.withLock { begin(frame, number, feed, &$0) }
          if !isTaken { try? await peer.send(#"{"op":9,"d":false}"#) }
        default: note("op \(operation)", shared)
        }
      }
      feed.finish()
    }
    shared.state.withLock { state in
      if state.connection == number { state.outgoing = nil }
    }
  }

  /// Identify or resume; false when the session is not known any more.
  private static func begin(
    _ frame: JSON, _ connection: Int, _ feed: AsyncStream<String>.Continuation, _ state: inout State
  ) -> Bool {
    guard state.connection == connection else { return true }
    if frame["op"] == 2 {
      state.identifies += 1
      if state.session == nil { renewSession(&state) }
      let id = state.session?.id ?? ""
      // What the old session had not been able to deliver is delivered in the new one.
      let backlog = state.session?.dispatches ?? []
      state.session?.sequence = 0
      state.session?.dispatches = []
      state.connect(feed)
      append(
        ["op": 0, "t": "READY", "d": ["version": 1, "session_id": .string(id), "user": ["id": "1", "bot": true]]], &state)
      for (_, event) in backlog where event["t"] != "READY" { append(event, &state) }
      return true
    }
    guard let session = state.session, frame["d"]?["session_id"]?.string == session.id,
      let after = frame["d"]?["seq"]?.integer
    else { return false }
    state.resumes += 1
    if after > session.sequence { state.violations.append("resume from \(after), past \(session.sequence)") }
    state.connect(feed)
    for (sequence, event) in session.dispatches where sequence > after { feed.yield(text(event, sequence)) }
    append(["op": 0, "t": "RESUMED", "d": ""], &state)
    return true
  }

  private static func renewSession(_ state: inout State) {
    state.sessions += 1
    state.session = Session(id: "session-\(state.sessions)", dispatches: state.session?.dispatches ?? [])
  }

  private static func append(_ event: JSON, _ state: inout State) {
    state.session?.sequence += 1
    let sequence = state.session?.sequence ?? 0
    state.session?.dispatches.append((sequence, event))
    if let count = state.session?.dispatches.count, count > memory { state.session?.dispatches.removeFirst(count - memory / 2) }
    state.outgoing?.yield(text(event, sequence))
  }

  private static func text(_ event: JSON, _ sequence: Int64) -> String {
    var members = event.object ?? [:]
    members["s"] = .integer(sequence)
    return JSON.object(members).canonical
  }

  private static func note(_ violation: String, _ shared: Shared) {
    shared.state.withLock { $0.violations.append(violation) }
  }
}

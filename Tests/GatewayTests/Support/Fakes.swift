import Core
import Foundation
import Gateway
import Synchronization

/// A clock that moves when told.
final class ManualClock: Sendable {
  private let time: Mutex<Timestamp>

  init(_ time: Timestamp = Timestamp(seconds: 1_700_000_000)) {
    self.time = Mutex(time)
  }

  var now: Timestamp { time.withLock { $0 } }

  func advance(by duration: Duration) {
    time.withLock { $0 = $0.advanced(by: duration) }
  }

  var clock: WallClock { WallClock { [self] in now } }
}

/// The wire format of the fakes: `{"type":"event","id":…,"sender":…,"group":…,"text":…}`.
enum FakeFormat {
  static func interpret(
    _ document: JSON, channel: String, receivedAt: Timestamp, requestID: RequestID
  ) throws(Refusal) -> Interpretation {
    switch document["type"]?.string {
    case "event":
      guard let id = document["id"]?.string else {
        throw Refusal(status: 400, code: "event_invalid", message: "An event needs an id.")
      }
      let scene = document["group"]?.string.map { Scene(.group, $0) } ?? Scene(.private, "someone")
      return .event(
        ChatEvent(
          requestID: requestID, receivedAt: receivedAt,
          conversation: Conversation(channel: channel, account: "bot", scene: scene),
          sender: Sender(id: document["sender"]?.string ?? "fake:\(id)", name: "Somebody"), messageID: id,
          text: document["text"]?.string ?? "", dedupeKeys: [id]))
    case "control": return .control(WebhookAnswer(status: 200, body: ["op": 13]))
    case "heartbeat": return .control(nil)
    case "mystery": return .ignored(type: Interpretation.unknownType)
    default: return .ignored(type: "other")
    }
  }
}

/// Believes requests whose `X-Token` is `good`.
struct FakeWebhook: WebhookChannel {
  let name: String
  var acknowledgement = WebhookAnswer(status: 200, body: ["op": 12])

  func authenticate(_ request: WebhookRequest) throws(Refusal) -> Authentication {
    guard let token = request.headers["x-token"] else {
      throw Refusal(status: 401, code: "signature_missing", message: "Sign the request.")
    }
    if token == "stale" { throw Refusal(status: 401, code: "signature_stale", message: "Set your clock.") }
    if token == "echo-length", request.headers["x-length"] != String(request.body.count) {
      throw Refusal(status: 403, code: "signature_invalid", message: "These are not the bytes that were sent.")
    }
    guard token == "good" || token == "echo-length" else {
      throw Refusal(status: 403, code: "signature_invalid", message: "The signature is wrong.")
    }
    return .verified
  }

  func interpret(
    _ document: JSON, of request: WebhookRequest, authentication: Authentication, requestID: RequestID
  ) throws(Refusal) -> Interpretation {
    try FakeFormat.interpret(document, channel: name, receivedAt: request.receivedAt, requestID: requestID)
  }
}

/// Keeps events in memory, and can be told to be full, broken, or slow.
final class FakeJournal: EventJournal {
  private struct State {
    var events: [ChatEvent] = []
    var keys: [String: RequestID] = [:]
    /// How many calls fail before the next succeeds.
    var failures: [JournalError] = []
    var held = false
    var fill = 0.0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  /// Yields once for each call that waits because the journal is held.
  let arrivals: AsyncStream<Void>
  private let arrived: AsyncStream<Void>.Continuation

  init() {
    (arrivals, arrived) = AsyncStream.makeStream()
  }

  var events: [ChatEvent] { state.withLock { $0.events } }
  var messageIDs: [String] { events.map(\.messageID) }

  func fail(_ code: JournalError.Code, times: Int) {
    state.withLock { $0.failures = Array(repeating: JournalError(code, message: "told to fail"), count: times) }
  }

  var fill: Double { state.withLock { $0.fill } }

  /// How full the queue says it is from now on.
  func fill(to fill: Double) {
    state.withLock { $0.fill = fill }
  }

  /// From now on `accept` waits for `release`.
  func hold() {
    state.withLock { $0.held = true }
  }

  func release() {
    let waiting = state.withLock { state in
      state.held = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  func accept(_ event: ChatEvent) async throws(JournalError) -> Acceptance {
    await withCheckedContinuation { continuation in
      let mustWait = state.withLock { state in
        if state.held { state.waiting.append(continuation) }
        return state.held
      }
      if mustWait { arrived.yield() } else { continuation.resume() }
    }
    return try state.withLock { (state) throws(JournalError) in
      if let failure = state.failures.popLast() { throw failure }
      for key in event.dedupeKeys { if let original = state.keys[key] { return .duplicate(of: original) } }
      for key in event.dedupeKeys { state.keys[key] = event.requestID }
      state.events.append(event)
      return .accepted
    }
  }
}

/// Takes sockets whose `Authorization` is `Bearer good`.
final class FakeSockets: SocketChannel {
  let name: String
  let session = FakeSession()
  private let requests = Mutex<[SocketRequest]>([])

  init(name: String) {
    self.name = name
  }

  var lastRequest: SocketRequest? { requests.withLock { $0.last } }

  func session(for request: SocketRequest) throws(Refusal) -> any SocketSession {
    requests.withLock { $0.append(request) }
    guard let token = request.headers["authorization"] else {
      throw Refusal(status: 401, code: "token_missing", message: "Send the access token.")
    }
    guard token == "Bearer good" else { throw Refusal(status: 403, code: "token_invalid", message: "The access token is wrong.") }
    guard request.headers["x-self-id"] != nil else {
      throw Refusal(status: 400, code: "self_id_missing", message: "Send X-Self-ID.")
    }
    return session
  }
}

/// Records what the gateway does with a session, as a stream to wait on.
final class FakeSession: SocketSession {
  enum Happening: Sendable, Equatable {
    case opened
    case frame(String)
    case closed
  }

  let happenings: AsyncStream<Happening>
  private let happened: AsyncStream<Happening>.Continuation
  private let line = Mutex<(any TextSocket)?>(nil)

  init() {
    (happenings, happened) = AsyncStream.makeStream()
  }

  var socket: (any TextSocket)? { line.withLock { $0 } }

  func opened(_ socket: any TextSocket) async {
    line.withLock { $0 = socket }
    happened.yield(.opened)
  }

  func interpret(_ document: JSON, receivedAt: Timestamp, requestID: RequestID) async throws(Refusal) -> Interpretation {
    happened.yield(.frame(document["id"]?.string ?? document.canonical))
    if document["say"] != nil { try? await socket?.send(document["say"]?.string ?? "") }
    return try FakeFormat.interpret(document, channel: "sockets", receivedAt: receivedAt, requestID: requestID)
  }

  func closed() async {
    happened.yield(.closed)
  }
}

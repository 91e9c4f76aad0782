import AsyncHTTPClient
import Core
import NIOCore
import Synchronization
import Testing

/// Runs `body` with a client that neither retries nor follows redirects, as the host's own.
func withHTTPClient<Value>(_ body: (HTTPClient) async throws -> Value) async throws -> Value {
  var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3)))
  configuration.connectionPool.retryConnectionEstablishment = false
  let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  do {
    let value = try await body(client)
    try await client.shutdown()
    return value
  } catch {
    try await client.shutdown()
    throw error
  }
}

func outbound(_ scene: Scene, account: String = "11111111", text: String = "hi", answering: String? = "m1", sequence: Int = 1)
  -> OutboundMessage
{
  OutboundMessage(
    id: 1, requestID: RequestID(), conversation: Conversation(channel: "main", account: account, scene: scene),
    content: .text(text),
    answers: answering.map { MessageReference(messageID: $0) }, sequence: sequence)
}

func outbound(_ scene: Scene, account: String = "11111111", content: OutboundContent) -> OutboundMessage {
  OutboundMessage(
    id: 1, requestID: RequestID(), conversation: Conversation(channel: "main", account: account, scene: scene),
    content: content, answers: MessageReference(messageID: "m1"), sequence: 1)
}

/// A clock that moves only when told to.
final class ManualClock: Clock, Sendable {
  struct Instant: InstantProtocol {
    var offset: Duration

    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private struct Sleeper {
    let deadline: Instant
    let continuation: CheckedContinuation<Void, any Error>
  }

  private struct State {
    var now = Instant(offset: .zero)
    var nextID = 0
    var sleepers: [Int: Sleeper] = [:]
    var cancelled: Set<Int> = []
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
  }

  private let state = Mutex(State())

  var now: Instant { state.withLock { $0.now } }
  var minimumResolution: Duration { .nanoseconds(1) }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let ready = state.withLock { state -> (resume: Result<Void, any Error>?, watchers: [CheckedContinuation<Void, Never>]) in
          if state.cancelled.remove(id) != nil { return (.failure(CancellationError()), []) }
          if deadline <= state.now { return (.success(()), []) }
          state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
          let due = state.watchers.filter { $0.count <= state.sleepers.count }.map(\.continuation)
          state.watchers.removeAll { $0.count <= state.sleepers.count }
          return (nil, due)
        }
        if let result = ready.resume { continuation.resume(with: result) }
        for watcher in ready.watchers { watcher.resume() }
      }
    } onCancel: {
      let sleeper = state.withLock { state in
        guard let sleeper = state.sleepers.removeValue(forKey: id) else {
          state.cancelled.insert(id)
          return nil as Sleeper?
        }
        return sleeper
      }
      sleeper?.continuation.resume(throwing: CancellationError())
    }
  }

  func advance(by duration: Duration) {
    let due = state.withLock { state in
      state.now = state.now.advanced(by: duration)
      let due = state.sleepers.filter { $0.value.deadline <= state.now }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  /// Returns once at least that many tasks sleep.
  func waitForSleepers(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        if state.sleepers.count >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isDue { continuation.resume() }
    }
  }
}

/// A time of day that tests set.
final class ManualWallClock: Sendable {
  private let time: Mutex<Timestamp>

  init(seconds: Int64) { time = Mutex(Timestamp(seconds: seconds)) }

  var clock: WallClock { WallClock { self.time.withLock { $0 } } }

  func advance(by duration: Duration) {
    time.withLock { $0 = $0.advanced(by: duration) }
  }
}

import AsyncHTTPClient
import Core
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// The implementation's HTTP API.
struct OneBotHTTPAPI: Sendable {
  struct Answer: Sendable {
    let status: Int
    /// Nil when the body is not a JSON object.
    let response: OneBotResponse?
  }

  enum Failure: Error, Sendable, Equatable {
    /// No connection came about; nothing was sent.
    case notSent
    /// The request may have arrived; no complete answer came.
    case noAnswer
  }

  private static let limit: Duration = .seconds(25)
  private static let largestAnswer = 256 * 1024

  let client: HTTPClient
  let base: String
  let accessToken: Secret?

  /// Runs one action; ends within 26 s.
  func call(_ action: String, _ parameters: JSON) async throws(Failure) -> Answer {
    var request = HTTPClientRequest(url: "\(base)/\(action)")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    if let accessToken { request.headers.add(name: "Authorization", value: "Bearer \(accessToken.reveal())") }
    request.body = .bytes(ByteBuffer(string: parameters.canonical))
    do {
      return try await withDeadline(Self.limit + .seconds(1)) { [client, request] in
        // The client's own limit ends at the head of the answer, but knows about failed attempts to connect.
        let answer = try await client.execute(request, timeout: TimeAmount(Self.limit))
        let bytes = try await answer.body.collect(upTo: Self.largestAnswer)
        let document = try? JSON(parsing: bytes.readableBytesView)
        return Answer(
          status: Int(answer.status.code),
          response: document.flatMap { $0.object == nil ? nil : OneBotResponse(parsing: $0) })
      }
    } catch {
      throw Self.isBeforeSending(error) ? .notSent : .noAnswer
    }
  }

  private static func isBeforeSending(_ error: any Error) -> Bool {
    if error is NIOConnectionError { return true }
    // Connecting to a literal address fails with the bare system error; only this one cannot come later.
    if let error = error as? IOError { return error.errnoCode == ECONNREFUSED }
    guard let error = error as? HTTPClientError else { return false }
    return [.connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout, .alreadyShutdown].contains(error)
  }
}

/// Ends `operation` by cancellation when `limit` has passed.
private func withDeadline<Value: Sendable>(
  _ limit: Duration, _ operation: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  try await withThrowingTaskGroup(of: Value.self) { group in
    group.addTask { try await operation() }
    group.addTask {
      try await Task.sleep(for: limit)
      throw CancellationError()
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() else { throw CancellationError() }
    return value
  }
}

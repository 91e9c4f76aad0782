import AsyncHTTPClient
import Core
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// JSON requests to the platform: one answer within a limit of time and size, or the knowledge whether the request left.
struct QQHTTP: Sendable {
  struct Answer: Sendable {
    let status: Int
    /// Nil when the body is not JSON.
    let body: JSON?
    let traceID: String?
    let retryAfter: Duration?
  }

  enum Failure: Error, Sendable, Equatable {
    /// No connection came about; nothing was sent.
    case notSent
    /// The request may have arrived; no complete answer came.
    case noAnswer
  }

  private static let largestAnswer = 64 * 1024

  let client: HTTPClient

  /// Posts `body` and reads the whole answer.
  func post(_ body: JSON, to url: String, headers: [(String, String)] = [], limit: Duration) async throws(Failure) -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    request.body = .bytes(ByteBuffer(string: body.canonical))
    do {
      return try await withDeadline(limit + .seconds(1)) { [client, request] in
        // The client's own limit ends at the head of the answer, but knows about failed attempts to connect.
        let response = try await client.execute(request, timeout: TimeAmount(limit))
        let bytes = try await response.body.collect(upTo: Self.largestAnswer)
        return Answer(
          status: Int(response.status.code), body: try? JSON(parsing: bytes.readableBytesView),
          traceID: response.headers.first(name: "X-Tps-trace-ID").flatMap(Self.printable),
          retryAfter: response.headers.first(name: "Retry-After").flatMap(Self.seconds))
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

  /// Fit for a log line.
  private static func printable(_ text: String) -> String? {
    guard (1...64).contains(text.utf8.count),
      text.utf8.allSatisfy({ $0.isDecimalDigit || $0.isASCIILetter || [0x2d, 0x2e, 0x5f].contains($0) })
    else { return nil }
    return text
  }

  private static func seconds(_ text: String) -> Duration? {
    guard let seconds = Int64(text), seconds >= 0 else { return nil }
    return .seconds(min(seconds, 3600))
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

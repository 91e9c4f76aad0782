import AdapterHTTP
import AsyncHTTPClient
import Core
import NIOHTTP1

/// Requests to the platform, with what its answers say besides their body.
struct QQHTTP: Sendable {
  struct Answer: Sendable {
    let status: Int
    /// Nil when the body is not JSON.
    let body: JSON?
    let traceID: String?
    let retryAfter: Duration?
  }

  private let client: JSONClient

  init(client: HTTPClient) {
    self.client = JSONClient(client, largestAnswer: 64 * 1024)
  }

  /// Posts `body` and reads the whole answer.
  func post(
    _ body: JSON, to url: String, headers: [(String, String)] = [], limit: Duration
  ) async throws(JSONClient.Failure) -> Answer {
    try await send(.POST, body: .json(body), to: url, headers: headers, limit: limit)
  }

  /// Sends `body`, if any, by `method` and reads the whole answer.
  func send(
    _ method: HTTPMethod, body: JSONClient.Body? = nil, to url: String, headers: [(String, String)] = [], limit: Duration
  ) async throws(JSONClient.Failure) -> Answer {
    let answer = try await client.send(method, body: body, to: url, headers: headers, limit: limit)
    return Answer(
      status: answer.status, body: answer.body,
      traceID: answer.headers.first(name: "X-Tps-trace-ID").flatMap(Self.printable),
      retryAfter: answer.headers.first(name: "Retry-After").flatMap(Self.seconds))
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

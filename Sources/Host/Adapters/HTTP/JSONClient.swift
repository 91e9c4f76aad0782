package import AsyncHTTPClient
package import Core
import Foundation
import NIOCore
package import NIOHTTP1
import NIOPosix

/// Calls the HTTP API of a platform: one answer within a limit of time and size, or the knowledge whether the request left.
package struct JSONClient: Sendable {
  package struct Answer: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    /// Nil when the body is not JSON.
    package let body: JSON?
  }

  /// What a request carries.
  package struct Body: Sendable, Equatable {
    package let type: String
    package let bytes: [UInt8]

    package init(type: String, bytes: [UInt8]) {
      self.type = type
      self.bytes = bytes
    }

    package static func json(_ document: JSON) -> Body {
      Body(type: "application/json", bytes: document.canonicalBytes)
    }
  }

  package enum Failure: Error, Sendable, Equatable {
    /// No connection came about; nothing was sent.
    case notSent
    /// The request may have arrived; no complete answer came.
    case noAnswer
  }

  private let client: HTTPClient
  private let largestAnswer: Int

  /// - Parameter largestAnswer: bytes of an answer's body at most; a larger one counts as no answer.
  package init(_ client: HTTPClient, largestAnswer: Int) {
    self.client = client
    self.largestAnswer = largestAnswer
  }

  /// Posts `body` and reads the whole answer; ends within `limit` and one second.
  package func post(
    _ body: JSON, to url: String, headers: [(String, String)] = [], limit: Duration
  ) async throws(Failure) -> Answer {
    try await send(.POST, body: .json(body), to: url, headers: headers, limit: limit)
  }

  /// Sends `body`, if any, by `method` and reads the whole answer; ends within `limit` and one second.
  package func send(
    _ method: HTTPMethod, body: Body? = nil, to url: String, headers: [(String, String)] = [], limit: Duration
  ) async throws(Failure) -> Answer {
    var request = HTTPClientRequest(url: url)
    request.method = method
    if let body {
      request.headers.add(name: "Content-Type", value: body.type)
      request.body = .bytes(ByteBuffer(bytes: body.bytes))
    }
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    do {
      return try await withDeadline(limit + .seconds(1)) { [client, request, largestAnswer] in
        // The client's own limit ends at the head of the answer, but knows about failed attempts to connect.
        let response = try await client.execute(request, timeout: TimeAmount(limit))
        let bytes = try await response.body.collect(upTo: largestAnswer)
        return Answer(
          status: Int(response.status.code), headers: response.headers, body: try? JSON(parsing: bytes.readableBytesView))
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

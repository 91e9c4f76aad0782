import Core
import Crypto
import Foundation

extension OneBotSimulator {
  /// Posts events to the application at `path`, and serves the HTTP API on a port of its own, while `body` runs.
  package func serveHTTP(postingTo port: Int, path: String, _ body: () async throws -> Void) async throws {
    let line = join { [self] event in _ = try? await post(event, to: port, path: path) }
    defer { leave(line) }
    try await body()
  }

  /// Serves the HTTP API on a port of its own while `body` runs.
  package func serveAPI(_ body: (_ port: Int) async throws -> Void) async throws {
    try await RawServer.run { [self] connection in
      while let request = await connection.readRequest() { await connection.send(answer(to: request)) }
    } _: { port in
      try await body(port)
    }
  }

  /// Posts one event; nil when the application did not answer.
  package func post(_ event: String, to port: Int, path: String) async throws -> RawResponse? {
    var lines = [
      "POST \(path) HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Content-Length: \(event.utf8.count)",
      "X-Self-ID: \(account)",
    ]
    if let secret {
      let key = SymmetricKey(data: Data(secret.utf8))
      lines.append(
        "X-Signature: sha1="
          + HMAC<Insecure.SHA1>.authenticationCode(for: Data(event.utf8), using: key).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
          }.joined())
    }
    return try await RawClient.ask(port, Request.head(lines) + Array(event.utf8))
  }

  private func answer(to request: RawRequest) -> [UInt8] {
    let isAllowed = token.map { request.headers["authorization"] == "Bearer \($0)" } ?? true
    guard isAllowed else { return Self.response(dialect.unauthorized.status, dialect.unauthorized.body) }
    guard let parameters = try? JSON(parsing: request.body) else { return Self.response(400, "") }
    let (status, answer) = perform(String(request.target.dropFirst()), parameters, over: .http)
    return Self.response(status, JSON.object(answer).canonical)
  }

  private static func response(_ status: Int, _ body: String) -> [UInt8] {
    Request.head([
      "HTTP/1.1 \(status) Status", "Content-Type: application/json", "Content-Length: \(body.utf8.count)",
    ]) + Array(body.utf8)
  }
}

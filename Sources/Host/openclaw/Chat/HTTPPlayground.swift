import AsyncHTTPClient
import Core
import Foundation
import NIOCore
import NIOHTTP1

/// The playground of a running service.
struct HTTPPlayground: PlaygroundService {
  let client: HTTPClient
  /// Without a slash at its end.
  let url: String

  private static let maximumAnswerBytes = 4 * 1024 * 1024

  func send(_ text: String, id: String, as speaker: Speaker) async throws(PlaygroundError) -> PlaygroundAnswer<Receipt> {
    var request = HTTPClientRequest(url: "\(url)/playground/messages")
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    let body: JSON = [
      "as": .string(speaker.name), "group": speaker.group.map(JSON.string) ?? .null, "text": .string(text), "mention": true,
      "id": .string(id),
    ]
    request.body = .bytes(Array(body.canonical.utf8))
    return try await perform(request, within: .seconds(30), read: Receipt.init)
  }

  func messages(
    after position: Position, wait: Duration, settling message: String?, as speaker: Speaker
  ) async throws(PlaygroundError) -> PlaygroundAnswer<Page> {
    let after =
      switch position {
      case .latest: "latest"
      case .after(let last): String(last)
      }
    var query = [("as", speaker.name), ("after", after), ("wait", String(wait.components.seconds))]
    if let group = speaker.group { query.append(("group", group)) }
    if let message { query.append(("settle", message)) }
    let text = query.map { "\($0)=\(Self.escaped($1))" }.joined(separator: "&")
    let request = HTTPClientRequest(url: "\(url)/playground/messages?\(text)")
    return try await perform(request, within: .seconds(wait.components.seconds + 30), read: Page.init)
  }

  private func perform<Value>(
    _ request: HTTPClientRequest, within time: TimeAmount, read: (JSON) -> Value?
  ) async throws(PlaygroundError) -> PlaygroundAnswer<Value> {
    let status: Int
    let retryAfter: String?
    let body: ByteBuffer
    do {
      let response = try await client.execute(request, timeout: time)
      status = Int(response.status.code)
      retryAfter = response.headers.first(name: "Retry-After")
      body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
    } catch {
      throw PlaygroundError(reason: "cannot reach the service at \(url): \(Self.reason(for: error))")
    }
    do {
      return try PlaygroundAnswer(status: status, retryAfter: retryAfter, body: body.readableBytesView, read: read)
    } catch {
      throw PlaygroundError(reason: "the service at \(url) cannot be used: \(error.reason)")
    }
  }

  private static func reason(for error: any Error) -> String {
    if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
    return switch error as? HTTPClientError {
    case .remoteConnectionClosed: "it closed the connection"
    case .deadlineExceeded, .readTimeout: "it did not answer in time"
    case .connectTimeout: "it did not accept the connection in time"
    default: "\(error)"
    }
  }

  /// Everything but unreserved characters as `%XX`.
  private static func escaped(_ text: String) -> String {
    let unreserved = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }
}

import AdapterHTTP
import Core

/// What `GET /gateway/bot` says.
struct QQGatewayPlace: Sendable, Equatable {
  let url: SocketURL
  var remaining: Int64
  let resetAfter: Duration
  let concurrency: Int

  /// Nil when no usable address is named; the rest is taken kindly.
  init?(_ body: JSON, isSecure: Bool) {
    guard let url = body["url"]?.string.flatMap({ SocketURL($0) }), url.isSecure || !isSecure else { return nil }
    let limit = body["session_start_limit"] ?? .null
    self.url = url
    remaining = limit["remaining"]?.integer ?? 1
    resetAfter = .milliseconds(min(max(limit["reset_after"]?.integer ?? 60_000, 0), 86_400_000))
    concurrency = Int(min(max(limit["max_concurrency"]?.integer ?? 1, 1), 64))
  }
}

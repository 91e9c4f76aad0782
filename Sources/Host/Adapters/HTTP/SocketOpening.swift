import NIOHTTP1
import Sockets

/// Our side of the opening handshake of RFC 6455 §4.1. Pure.
struct SocketOpening: Sendable {
  let request: HTTPRequestHead
  private let key: String

  init(url: SocketURL, headers: [(String, String)], key: String = SocketKey.random()) {
    self.key = key
    var fields: HTTPHeaders = [
      "Host": url.hostField, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
    ]
    for (name, value) in headers { fields.add(name: name, value: value) }
    request = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target, headers: fields)
  }

  /// Nil when `response` opens the WebSocket.
  func problem(with response: HTTPResponseHead) -> SocketConnectError? {
    guard response.status == .switchingProtocols else { return .refused(status: Int(response.status.code)) }
    let fields = response.headers
    let upgrades = fields[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    let isUpgrade = fields[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    // We asked for neither an extension nor a sub-protocol, so none may be chosen.
    guard upgrades, isUpgrade, let accept = SocketKey.accept(key), fields["sec-websocket-accept"] == [accept],
      !fields.contains(name: "sec-websocket-extensions"), !fields.contains(name: "sec-websocket-protocol")
    else { return .notWebSocket }
    return nil
  }
}

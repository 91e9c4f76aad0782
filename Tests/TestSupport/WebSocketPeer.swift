import Crypto
import Foundation

/// The server's side of a WebSocket, by hand.
package struct WebSocketPeer {
  /// The target of the request that opened it.
  package let target: String
  /// Its header fields, by lower-case name.
  package let headers: [String: String]
  package var client: RawClient

  /// Reads an upgrade request.
  package init?(_ client: consuming RawClient) async {
    guard let request = await client.readRequest(), request.method == "GET" else { return nil }
    target = request.target
    headers = request.headers
    self.client = client
  }

  /// Opens the WebSocket; `first` goes out in the same write as the answer.
  package func accept(_ accept: String, first: [UInt8] = []) async {
    await client.send(Self.switching(accept) + first)
  }

  /// Refuses it as plain HTTP.
  package func refuse(_ status: String) async {
    await client.send(Request.head(["HTTP/1.1 \(status)", "Content-Length: 0"]))
  }

  /// The answer to a key (RFC 6455 §4.2.2).
  package static func acceptance(of key: String) -> String {
    Data(Insecure.SHA1.hash(data: Data("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))).base64EncodedString()
  }

  package static func switching(_ accept: String) -> [UInt8] {
    Request.head([
      "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: \(accept)",
    ])
  }

  package func send(_ bytes: [UInt8]) async {
    await client.send(bytes)
  }

  /// Sends a text message.
  package func say(_ text: String) async {
    await send(WebSocketClient.frame(1, Array(text.utf8), masked: false))
  }

  /// Sends a close frame.
  package func close(_ code: UInt16, _ reason: String = "") async {
    await send(WebSocketClient.frame(8, [UInt8(code >> 8), UInt8(code & 0xff)] + Array(reason.utf8), masked: false))
  }

  /// The next frame; nil when the client is gone, or when it did not mask.
  package mutating func read() async -> WebSocketClient.Frame? {
    guard let head = await client.read(2), head[1] & 0x80 != 0 else { return nil }
    var length = Int(head[1] & 0x7f)
    if length >= 126 {
      guard let extended = await client.read(length == 126 ? 2 : 8) else { return nil }
      length = extended.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let mask = await client.read(4), let payload = await client.read(length) else { return nil }
    return WebSocketClient.Frame(
      opcode: head[0] & 0x0f, isFinal: head[0] & 0x80 != 0, payload: payload.enumerated().map { $1 ^ mask[$0 % 4] })
  }

  /// The next text; nil when the client closes or is gone. Pings are answered.
  package mutating func listen() async -> String? {
    while let frame = await read() {
      switch frame.opcode {
      case 1: return frame.text
      case 9: await send(WebSocketClient.frame(10, frame.payload, masked: false))
      case 8: return nil
      default: break
      }
    }
    return nil
  }
}

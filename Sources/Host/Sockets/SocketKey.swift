import Crypto
import Foundation

/// The proof in the opening handshake that the other end speaks WebSocket (RFC 6455 §4).
package enum SocketKey {
  /// A fresh value for `Sec-WebSocket-Key`.
  package static func random() -> String {
    Data((0..<16).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
  }

  /// The value of `Sec-WebSocket-Accept` that answers `key`; nil when that is not the base64 of 16 bytes.
  package static func accept(_ key: String) -> String? {
    guard Data(base64Encoded: key)?.count == 16 else { return nil }
    let digest = Insecure.SHA1.hash(data: Data("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    return Data(digest).base64EncodedString()
  }
}

import NIOCore
import NIOPosix
import NIOSSL

/// Why a WebSocket did not open.
package enum SocketConnectError: Error, Sendable, Equatable, CustomStringConvertible {
  /// No TCP connection, or it broke during the handshake.
  case unreachable
  /// TLS failed: the certificate is not to be trusted, or the peer speaks no TLS.
  case insecure
  /// Nothing answered in time.
  case timedOut
  /// The peer answered the handshake as plain HTTP.
  case refused(status: Int)
  /// The answer was no proper end of a WebSocket handshake.
  case notWebSocket

  package var description: String {
    switch self {
    case .unreachable: "no connection came about"
    case .insecure: "TLS failed: the certificate is not trusted, or the peer speaks no TLS"
    case .timedOut: "the peer did not answer in time"
    case .refused(let status): "the peer refused the WebSocket with HTTP status \(status)"
    case .notWebSocket: "the peer does not speak WebSocket"
    }
  }

  init(_ error: any Error) {
    switch error {
    case let error as SocketConnectError: self = error
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self = .insecure
    case ChannelError.connectTimeout: self = .timedOut
    case let error as NIOConnectionError:
      let isSilent = error.connectionErrors.contains { if case ChannelError.connectTimeout = $0.error { true } else { false } }
      self = isSilent ? .timedOut : .unreachable
    default: self = .unreachable
    }
  }
}

/// How a WebSocket ended: the first close frame of either side.
package struct SocketClosure: Sendable, Equatable {
  /// The peer closed without a code (RFC 6455 §7.4.1).
  package static let noCode: UInt16 = 1005
  /// The connection was lost before any close frame.
  package static let lost = SocketClosure(code: 1006, reason: "", isByPeer: true)

  package let code: UInt16
  /// The closing side's words; those of the peer are not to be trusted.
  package let reason: String
  package let isByPeer: Bool

  package init(code: UInt16, reason: String, isByPeer: Bool) {
    self.code = code
    self.reason = reason
    self.isByPeer = isByPeer
  }
}

package import NIOCore

/// Settings of one WebSocket, whichever end we are.
package struct SocketConfiguration: Sendable {
  /// Bytes of one message, over all its fragments.
  package var maximumMessage: Int = 16 * 1024 * 1024
  /// Bytes handed to `send` that the kernel has not taken yet; more is refused unless nothing else waits.
  package var maximumUnsent: Int = 16 * 1024 * 1024
  /// A peer that was silent for so long is pinged.
  package var pingInterval: TimeAmount = .seconds(60)
  /// A peer that does not answer the ping within this time is gone.
  package var pongTimeout: TimeAmount = .seconds(20)
  /// How long the peer has to answer our close.
  package var closeTimeout: TimeAmount = .seconds(5)
  /// How long a peer may refuse to read what we send it.
  package var writeTimeout: TimeAmount = .seconds(30)
  /// Frames in a row that are not JSON objects before the connection is closed with 1008.
  package var maximumMalformedFrames: Int = 5

  /// The defaults.
  package init() {}
}

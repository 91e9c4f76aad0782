import Core
package import NIOCore
import NIOWebSocket
import Synchronization

/// Why a frame could not be sent.
package enum SocketError: Error, Sendable, Equatable {
  /// The socket is closed or about to be.
  case closed
  /// The peer reads too slowly; too much is waiting already.
  case congested
}

/// The sending side of an open WebSocket.
package final class ChannelSocket: TextSocket {
  private let channel: any Channel
  private let maximumUnsent: Int
  private let unsent = Mutex(0)

  /// - Parameters:
  ///   - channel: one that `SocketPipeline` made a WebSocket.
  ///   - maximumUnsent: bytes that may wait for the kernel; more is refused unless nothing else waits.
  package init(channel: any Channel, maximumUnsent: Int) {
    self.channel = channel
    self.maximumUnsent = maximumUnsent
  }

  package func send(_ text: String) async throws {
    let size = text.utf8.count
    let fits = unsent.withLock { unsent in
      guard unsent == 0 || unsent + size <= maximumUnsent else { return false }
      unsent += size
      return true
    }
    guard fits else { throw SocketError.congested }
    defer { unsent.withLock { $0 -= size } }
    let frame = WebSocketFrame(fin: true, opcode: .text, data: channel.allocator.buffer(string: text))
    try await channel.writeAndFlush(frame)
  }

  package func close(code: UInt16, reason: String) async {
    // Fails only when the channel is gone, which is what was asked for.
    try? await channel.triggerUserOutboundEvent(SocketCloseRequest(code: code, reason: reason)).get()
  }
}

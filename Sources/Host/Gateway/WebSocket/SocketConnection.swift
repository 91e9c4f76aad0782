import Core
import Logging
import NIOCore
import NIOWebSocket
import Synchronization

/// Why a frame could not be sent.
package enum SocketError: Error, Sendable, Equatable {
  /// The socket is closed or about to be.
  case closed
  /// The peer reads too slowly; too much is waiting already.
  case congested
}

/// One open WebSocket: the single reader that takes its messages, in order, to the session.
struct SocketConnection: Sendable {
  let messages: NIOAsyncChannel<[UInt8], Never>
  let session: any SocketSession
  let name: String
  let admission: Admission
  let configuration: SocketConfiguration
  let openSockets: Gauge

  /// Returns when the connection is gone and the session knows it.
  func run() async {
    openSockets.add(1)
    defer { openSockets.add(-1) }
    let socket = ChannelSocket(channel: messages.channel, maximumUnsent: configuration.maximumUnsent)
    await session.opened(socket)
    do {
      try await messages.executeThenClose { inbound in
        var malformed = 0
        for try await message in inbound where malformed < configuration.maximumMalformedFrames {
          if case .malformed = await admission.admit(frame: message, of: session, channel: name) {
            malformed += 1
          } else {
            malformed = 0
          }
          if malformed == configuration.maximumMalformedFrames {
            // What still comes before the peer's own close is read and dropped.
            await socket.close(code: 1008, reason: "too many malformed frames")
          }
        }
      }
    } catch {
      admission.logger.debug("socket ended", metadata: ["channel": "\(name)", "reason": "\(error)"])
    }
    await session.closed()
  }
}

/// The sending side of an open WebSocket.
final class ChannelSocket: TextSocket {
  private let channel: any Channel
  private let maximumUnsent: Int
  private let unsent = Mutex(0)

  init(channel: any Channel, maximumUnsent: Int) {
    self.channel = channel
    self.maximumUnsent = maximumUnsent
  }

  func send(_ text: String) async throws {
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

  func close(code: UInt16, reason: String) async {
    // Fails only when the channel is gone, which is what was asked for.
    try? await channel.triggerUserOutboundEvent(SocketCloseRequest(code: code, reason: reason)).get()
  }
}

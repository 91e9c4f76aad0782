import Core
import Logging
import NIOCore
import Sockets

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

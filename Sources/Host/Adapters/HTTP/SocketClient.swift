package import Core
import Foundation
package import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL
package import Sockets
import Synchronization

/// Opens WebSockets to platforms: `ws://`, and `wss://` with the peer's certificate checked.
package struct SocketClient: Sendable {
  /// How long the connection, and then TLS and the opening handshake together, may take.
  package var handshakeTimeout: TimeAmount = .seconds(10)
  /// Limits of the open socket.
  package var configuration = SocketConfiguration()
  private let tls: NIOSSLContext

  /// - Parameter tls: whom to trust; by default what the system trusts.
  /// - Throws: when the TLS settings cannot be used, for instance because the system has no root certificates.
  package init(tls: TLSConfiguration = .makeClientConfiguration()) throws {
    self.tls = try NIOSSLContext(configuration: tls)
  }

  /// Opens a WebSocket, lends it to `body`, and closes it with 1000 when `body` returns. A cancelled task gives up at once.
  ///
  /// - Returns: how the socket ended.
  /// - Throws: `SocketConnectError` when there was no socket to lend.
  package func withSocket(
    to url: SocketURL, headers: [(String, String)] = [],
    _ body: @Sendable (_ socket: any TextSocket, _ messages: inout SocketMessages) async -> Void
  ) async throws(SocketConnectError) -> SocketClosure {
    let closure = ClosureBox()
    let messages = try await connect(to: url, headers: headers, closure: closure)
    let socket = ChannelSocket(channel: messages.channel, maximumUnsent: configuration.maximumUnsent)
    do {
      try await messages.executeThenClose { inbound in
        var messages = SocketMessages(iterator: inbound.makeAsyncIterator())
        await body(socket, &messages)
        await socket.close(code: 1000, reason: "")
        guard !Task.isCancelled else { return }
        // The peer's close frame ends this; the handler's time limit if none comes.
        while await messages.next() != nil {}
      }
    } catch {
      // The connection broke: `closure` says so.
    }
    return closure.value
  }

  private func connect(
    to url: SocketURL, headers: [(String, String)], closure: ClosureBox
  ) async throws(SocketConnectError) -> NIOAsyncChannel<[UInt8], Never> {
    let attempt = ConnectionAttempt()
    do {
      return try await withTaskCancellationHandler {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
          .connectTimeout(handshakeTimeout)
          .channelInitializer { channel in
            attempt.begin(channel)
            return channel.eventLoop.makeSucceededVoidFuture()
          }
          .connect(host: url.host, port: url.port).get()
        return try await channel.eventLoop.flatSubmit {
          let outcome = channel.eventLoop.makePromise(of: NIOAsyncChannel<[UInt8], Never>.self)
          do {
            let pipeline = channel.pipeline.syncOperations
            if url.isSecure { try pipeline.addHandler(try tlsHandler(for: url.host)) }
            let encoder = HTTPRequestEncoder()
            let decoder = ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes))
            try pipeline.addHandler(encoder)
            try pipeline.addHandler(decoder)
            try pipeline.addHandler(
              SocketOpeningHandler(
                SocketOpening(url: url, headers: headers), timeout: handshakeTimeout, configuration: configuration,
                codec: (encoder, decoder), outcome: outcome, onGone: closure.set))
          } catch {
            outcome.fail(error)
            channel.close(promise: nil)
          }
          return outcome.futureResult
        }.get()
      } onCancel: {
        attempt.cancel()
      }
    } catch {
      throw SocketConnectError(error)
    }
  }

  private func tlsHandler(for host: String) throws -> NIOSSLClientHandler {
    // A literal address is not sent as a server name (RFC 6066 §3); the certificate is checked against it all the same.
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host)
  }
}

/// The messages of one open socket: complete texts, in order. The peer is read as fast as they are taken.
package struct SocketMessages {
  fileprivate var iterator: NIOAsyncChannelInboundStream<[UInt8]>.AsyncIterator

  /// The next one; nil when the socket is gone or the task was cancelled.
  package mutating func next() async -> [UInt8]? {
    try? await iterator.next()
  }
}

/// How the socket ended, told from the event loop.
private final class ClosureBox: Sendable {
  private let closure = Mutex(SocketClosure.lost)

  var value: SocketClosure { closure.withLock { $0 } }

  @Sendable func set(_ closure: SocketClosure) {
    self.closure.withLock { $0 = closure }
  }
}

/// One attempt to connect, which may be given up while it is under way. A host with several addresses is tried by several
/// channels.
private final class ConnectionAttempt: Sendable {
  private let state = Mutex<(isCancelled: Bool, channels: [any Channel])>((false, []))

  func begin(_ channel: any Channel) {
    let isCancelled = state.withLock { state in
      state.channels.append(channel)
      return state.isCancelled
    }
    if isCancelled { channel.close(promise: nil) }
  }

  func cancel() {
    let channels = state.withLock { state in
      state.isCancelled = true
      return state.channels
    }
    for channel in channels { channel.close(promise: nil) }
  }
}

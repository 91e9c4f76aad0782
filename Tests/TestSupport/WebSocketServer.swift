import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A WebSocket server for tests: the other end of connections that the service opens by itself.
package final class WebSocketServer: Sendable {
  /// One open connection.
  package struct Peer: Sendable {
    package let path: String
    package let headers: HTTPHeaders
    private let channel: any Channel
    private let output: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    fileprivate init(
      head: HTTPRequestHead, channel: any Channel, output: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) {
      path = head.uri
      headers = head.headers
      self.channel = channel
      self.output = output
    }

    package func send(_ text: String) async throws {
      try await output.write(WebSocketFrame(fin: true, opcode: .text, data: channel.allocator.buffer(string: text)))
    }

    /// Sends a close frame and ends the connection.
    package func close(code: UInt16) async {
      var data = channel.allocator.buffer(capacity: 2)
      data.writeInteger(code)
      try? await output.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
      try? await channel.close()
    }

    /// Ends the connection without a word.
    package func drop() async {
      try? await channel.close()
    }
  }

  package let port: Int
  private let running: Task<Void, any Error>

  /// Listens on a free port of 127.0.0.1.
  ///
  /// - Parameters:
  ///   - accepts: whether to upgrade this request; others are answered 403.
  ///   - serve: called for each connection with its texts; the connection ends when it returns.
  package static func start(
    accepts: @escaping @Sendable (HTTPRequestHead) -> Bool = { _ in true },
    serve: @escaping @Sendable (Peer, AsyncStream<String>) async -> Void
  ) async throws -> WebSocketServer {
    let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture { try upgrade(channel, accepts: accepts) }
      }
    let running = Task {
      try await withThrowingDiscardingTaskGroup { group in
        try await listener.executeThenClose { connections in
          for try await upgraded in connections {
            group.addTask {
              guard let (socket, head) = try? await upgraded.get() else { return }
              try? await Self.run(socket, head, serve)
            }
          }
        }
      }
    }
    return WebSocketServer(port: listener.channel.localAddress?.port ?? 0, running: running)
  }

  private init(port: Int, running: Task<Void, any Error>) {
    self.port = port
    self.running = running
  }

  deinit {
    running.cancel()
  }

  private typealias Socket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  private struct NotUpgraded: Error {}

  private static func upgrade(
    _ channel: any Channel, accepts: @escaping @Sendable (HTTPRequestHead) -> Bool
  ) throws -> EventLoopFuture<(Socket, HTTPRequestHead)> {
    let upgrader = NIOTypedWebSocketServerUpgrader<(Socket, HTTPRequestHead)>(
      maxFrameSize: 1 << 24,
      shouldUpgrade: { channel, head in channel.eventLoop.makeSucceededFuture(accepts(head) ? HTTPHeaders() : nil) },
      upgradePipelineHandler: { channel, head in
        channel.eventLoop.makeCompletedFuture { (try Socket(wrappingChannelSynchronously: channel), head) }
      })
    let configuration = NIOTypedHTTPServerUpgradeConfiguration(
      upgraders: [upgrader],
      notUpgradingCompletionHandler: { channel in
        let head = HTTPResponseHead(version: .http1_1, status: .forbidden, headers: ["Content-Length": "0"])
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        return channel.writeAndFlush(HTTPServerResponsePart.end(nil)).flatMap { channel.close() }
          .flatMapThrowing { throw NotUpgraded() }
      })
    return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
      configuration: .init(upgradeConfiguration: configuration))
  }

  private static func run(
    _ socket: Socket, _ head: HTTPRequestHead, _ serve: @escaping @Sendable (Peer, AsyncStream<String>) async -> Void
  ) async throws {
    try await socket.executeThenClose { input, output in
      let (texts, feed) = AsyncStream.makeStream(of: String.self)
      let peer = Peer(head: head, channel: socket.channel, output: output)
      await withTaskGroup { group in
        group.addTask {
          await serve(peer, texts)
          try? await socket.channel.close()
        }
        group.addTask {
          // However the connection ends, its texts end with it.
          try? await Self.read(input, output, into: feed)
          feed.finish()
        }
        await group.waitForAll()
      }
    }
  }

  /// Whole texts only: the service sends nothing in fragments.
  private static func read(
    _ input: NIOAsyncChannelInboundStream<WebSocketFrame>, _ output: NIOAsyncChannelOutboundWriter<WebSocketFrame>,
    into feed: AsyncStream<String>.Continuation
  ) async throws {
    for try await frame in input {
      switch frame.opcode {
      case .text: feed.yield(String(buffer: frame.unmaskedData))
      case .ping: try await output.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
      case .connectionClose: return
      default: break
      }
    }
  }
}

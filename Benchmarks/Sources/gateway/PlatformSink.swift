import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The platform's API as the service sees it: hands out a token, takes every message at once, and counts them.
final class PlatformSink: Sendable {
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let messages: Messages
  let port: Int

  private final class Messages: Sendable {
    let count = Atomic(0)
  }

  init() throws {
    let messages = Messages()
    self.messages = messages
    let channel = try ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(messages))
        }
      }
      .bind(host: "127.0.0.1", port: 0).wait()
    port = channel.localAddress?.port ?? 0
  }

  /// Messages taken so far.
  var count: Int { messages.count.load(ordering: .relaxed) }

  func stop() {
    try? group.syncShutdownGracefully()
  }

  /// Waits until `count` messages have come, or the time is over. Returns the seconds that it took.
  func wait(for count: Int, atMost limit: Duration) -> Double {
    let start = ContinuousClock.now
    while self.count < count, ContinuousClock.now - start < limit { usleep(1000) }
    return (ContinuousClock.now - start).seconds
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let messages: Messages
    private var isToken = false

    init(_ messages: Messages) {
      self.messages = messages
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): isToken = head.uri.hasSuffix("AccessToken")
      case .body: break
      case .end: answer(context)
      }
    }

    private func answer(_ context: ChannelHandlerContext) {
      let body: String
      if isToken {
        body = #"{"access_token":"token-1","expires_in":"7200"}"#
      } else {
        let number = messages.count.wrappingAdd(1, ordering: .relaxed).newValue
        body = #"{"id":"ROBOT1.0_reply-\#(number)","timestamp":"2026-05-28T20:26:41+08:00"}"#
      }
      let headers: HTTPHeaders = ["content-type": "application/json", "content-length": String(body.utf8.count)]
      context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .ok, headers: headers))), promise: nil)
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}

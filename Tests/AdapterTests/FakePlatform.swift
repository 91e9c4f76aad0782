import Core
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on a port of its own that plays the platform: it records requests and answers from a script.
final class FakePlatform: Sendable {
  struct Request: Sendable {
    let method: String
    let path: String
    let headers: [String: String]
    let body: JSON?
  }

  enum Reply: Sendable {
    case answer(status: Int, body: String, headers: [String: String] = [:])
    /// Closes the connection instead of answering.
    case hangUp

    static func json(_ body: JSON, status: Int = 200) -> Reply { .answer(status: status, body: body.canonical) }
  }

  private struct State {
    var requests: [Request] = []
    var script: [String: [Reply]] = [:]
  }

  private let state = Mutex(State())
  private let channel: any Channel

  var base: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
  var requests: [Request] { state.withLock { $0.requests } }

  /// Runs `body` against a server; `script` holds the replies for each path in order, the last one is repeated.
  static func run<Value>(_ script: [String: [Reply]], _ body: (FakePlatform) async throws -> Value) async throws -> Value {
    let holder = Holder()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler { holder.platform?.reply(to: $0) ?? .hangUp })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let platform = FakePlatform(channel: channel, script: script)
    holder.set(platform)
    do {
      let value = try await body(platform)
      try await channel.close()
      return value
    } catch {
      try await channel.close()
      throw error
    }
  }

  private init(channel: any Channel, script: [String: [Reply]]) {
    self.channel = channel
    state.withLock { $0.script = script }
  }

  /// Adds replies that need the server's own address.
  func reply(to path: String, with replies: [Reply]) {
    state.withLock { $0.script[path] = replies }
  }

  private func reply(to request: Request) -> Reply {
    state.withLock { state in
      state.requests.append(request)
      guard var replies = state.script[request.path], let reply = replies.first else { return .answer(status: 404, body: "") }
      if replies.count > 1 { replies.removeFirst() }
      state.script[request.path] = replies
      return reply
    }
  }

  private final class Holder: Sendable {
    private let value = Mutex<FakePlatform?>(nil)

    var platform: FakePlatform? { value.withLock { $0 } }

    func set(_ platform: FakePlatform) { value.withLock { $0 = platform } }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (Request) -> Reply
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ answer: @escaping @Sendable (Request) -> Reply) {
      self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        self.head = head
        body = []
      case .body(let part): body.append(contentsOf: part.readableBytesView)
      case .end:
        guard let head else { return }
        let headers = Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first })
        let request = Request(method: head.method.rawValue, path: head.uri, headers: headers, body: try? JSON(parsing: body))
        guard case .answer(let status, let text, let extra) = answer(request) else {
          context.close(promise: nil)
          return
        }
        var response = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status))
        for (name, value) in extra { response.headers.add(name: name, value: value) }
        if status != 204 { response.headers.add(name: "Content-Length", value: String(text.utf8.count)) }
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if status != 204 { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      }
    }
  }
}

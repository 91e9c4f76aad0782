import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP server on a free port of this machine that answers as a test wants.
final class TestHTTPServer: Sendable {
  struct Request: Sendable {
    let method: String
    let uri: String
    let headers: HTTPHeaders
    let body: [UInt8]
  }

  struct Reply: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    /// Whether the body ever ends.
    var ends = true

    static func text(_ text: String) -> Reply { Reply(body: Array(text.utf8)) }

    static func redirect(_ status: Int, _ location: String) -> Reply { Reply(status: status, headers: [("Location", location)]) }
  }

  let port: Int
  private let recorder: Recorder<Request>

  var requests: [Request] { recorder.all }

  private init(port: Int, recorder: Recorder<Request>) {
    self.port = port
    self.recorder = recorder
  }

  /// Runs `body` beside a server that answers with `answer`.
  static func run<Value: Sendable>(
    _ answer: @escaping @Sendable (Request) -> Reply, _ body: (TestHTTPServer) async throws -> Value
  ) async throws -> Value {
    let recorder = Recorder<Request>()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
          try channel.pipeline.syncOperations.addHandler(
            Handler { request in
              recorder.add(request)
              return answer(request)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = TestHTTPServer(port: channel.localAddress?.port ?? 0, recorder: recorder)
    do {
      let value = try await body(server)
      try await channel.close()
      return value
    } catch {
      try? await channel.close()
      throw error
    }
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
      case .body(let piece): body += piece.readableBytesView
      case .end:
        guard let head else { return }
        let reply = answer(Request(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body))
        let headers = HTTPHeaders(reply.headers)
        context.write(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: reply.status), headers: headers))),
          promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        if reply.ends { context.write(wrapOutboundOut(.end(nil)), promise: nil) }
        context.flush()
      }
    }
  }
}

import Core
import Gateway
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Operations
import ServiceLifecycle

/// A gateway on a port of its own with fakes behind it.
struct LiveServer {
  let port: Int
  let journal: FakeJournal
  let sockets: FakeSockets
  let counters: Counters
  let health: Health
  private let group: ServiceGroup

  /// Begins the graceful shutdown and returns at once.
  func beginShutdown() async {
    await group.triggerGracefulShutdown()
  }

  /// Runs `body` against a server; shuts the server down, and waits for its end, when `body` returns.
  static func run(
    limits: AdmissionLimits = AdmissionLimits(), health: Health = Health(awaiting: [GatewayServer.healthPart]),
    configure: (inout GatewayConfiguration) -> Void = { _ in }, certificate: TLSCertificate? = nil,
    _ body: (LiveServer) async throws -> Void
  ) async throws {
    var configuration = GatewayConfiguration(port: 0)
    configure(&configuration)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let journal = FakeJournal()
    let sockets = FakeSockets(name: "sockets")
    let counters = Counters()
    let admission = Admission(
      journal: journal, limits: limits, counters: counters, logger: logger, pause: { _ in await Task.yield() })
    let tls = try certificate.map { try TLSKeeper($0, health: health, logger: logger) }
    let (ports, listening) = AsyncStream<Int>.makeStream()
    let server = GatewayServer(
      configuration: configuration,
      channels: ChannelTable(
        webhooks: [
          "/qq/webhook": [FakeWebhook(name: "main")],
          "/onebot/v11": [FakeWebhook(name: "sockets", acknowledgement: WebhookAnswer(status: 204, body: nil))],
        ],
        sockets: ["/onebot/v11": [sockets]]),
      admission: admission, health: health, logger: logger, tls: tls,
      extraRoutes: { router in
        router.get("/extra/:name") { _, context in "hello \(context.parameters.get("name") ?? "")" }
        router.get("/extra-refused") { _, context -> String in
          throw Refusal(status: 403, code: "made_up", message: "Local: \(context.isLocal).")
        }
        router.post("/extra-event") { request, context -> Response in
          let body = try await request.body.collect(upTo: 1024)
          let verdict = await admission.admit(
            WebhookRequest(
              headers: ["x-token": "good"], body: Array(body.readableBytesView), remoteAddress: context.remoteAddress,
              receivedAt: WallClock.system.now()),
            to: FakeWebhook(name: "extra"), requestID: context.requestID)
          switch verdict {
          case .answer(let answer):
            return Response(
              status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body?.canonical ?? "")))
          case .refusal(let refusal): return context.answer(refusal)
          }
        }
      },
      onListening: { listening.yield($0) })
    var services: [any Service] = [server]
    if let tls { services.append(tls) }
    let group = ServiceGroup(configuration: .init(services: services, logger: logger))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else { return }
      do {
        try await body(
          LiveServer(port: port, journal: journal, sockets: sockets, counters: counters, health: health, group: group))
      } catch {
        journal.release()
        await group.triggerGracefulShutdown()
        throw error
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}

package import AdapterPlayground
import Core
package import Gateway
import HTTPTypes
package import Hummingbird
import NIOCore
package import Storage

/// The playground's door: `POST /playground/messages` says something, `GET /playground/messages` waits for what is answered.
///
/// Only clients on this machine are served. What is said goes through the same admission as every platform's events.
package struct PlaygroundRoutes: Sendable {
  private static let path: RouterPath = "/playground/messages"
  /// Seconds that a reader may wait.
  private static let longestWait: Int64 = 30
  /// Messages in one answer.
  private static let pageSize = 200

  private let channel: PlaygroundChannel
  private let admission: Admission
  private let store: Store
  private let bell: Bell

  /// - Parameter bell: rung after each commit that could be of interest to a reader.
  package init(channel: PlaygroundChannel, admission: Admission, store: Store, bell: Bell) {
    self.channel = channel
    self.admission = admission
    self.store = store
    self.bell = bell
  }

  package func register(on router: Router<GatewayRequestContext>) {
    router.post(Self.path) { request, context in try await say(request, context) }
    router.get(Self.path) { request, context in try await listen(request, context) }
  }

  private static func requireLocal(_ request: Request, _ context: GatewayRequestContext) throws(Refusal) {
    guard context.isLocal else {
      throw Refusal(status: 403, code: "loopback_only", message: "the playground answers clients on this machine only")
    }
    // A web page from elsewhere can reach this machine through the browser, but not without naming its origin.
    guard request.headers[.origin] == nil else {
      throw Refusal(status: 403, code: "origin_refused", message: "the playground takes no requests from web pages")
    }
  }

  private func say(_ request: Request, _ context: GatewayRequestContext) async throws -> Response {
    try Self.requireLocal(request, context)
    let body = try await request.body.collect(upTo: 64 * 1024)
    let headers = Dictionary(
      request.headers.map { ($0.name.canonicalName, $0.value) }, uniquingKeysWith: { "\($0), \($1)" })
    let webhook = WebhookRequest(
      headers: headers, body: Array(body.readableBytesView), remoteAddress: context.remoteAddress, receivedAt: store.clock.now())
    switch await admission.admit(webhook, to: channel, requestID: context.requestID) {
    case .refusal(let refusal): return context.answer(refusal)
    case .answer:
      let id = (try? JSON(parsing: webhook.body))?["id"] ?? .null
      return Self.json(["ok": true, "message_id": id, "request_id": .string(context.requestID.description)])
    }
  }

  private struct News {
    var messages: [OutboundMessage]
    var isSettled: Bool
  }

  private func listen(_ request: Request, _ context: GatewayRequestContext) async throws -> Response {
    try Self.requireLocal(request, context)
    let query = request.uri.queryParameters
    guard
      let scene = PlaygroundChannel.scene(
        of: query["group"].map(String.init).flatMap { $0.isEmpty ? nil : $0 }, speaker: query["as"].map(String.init) ?? "")
    else {
      throw Refusal(
        status: 400, code: "unknown_member",
        message: "the playground knows \(PlaygroundCast.members.joined(separator: ", ")) and the group \(PlaygroundCast.group)")
    }
    let conversation = channel.conversation(in: scene)
    if query["after"] == "latest" {
      let last = try await store.read { try $0.lastMessageID(in: conversation) }
      return Self.json(["messages": [], "last": .integer(last), "settled": false])
    }
    let wait = min(max(query["wait"].flatMap { Int64($0) } ?? 0, 0), Self.longestWait)
    let after = query["after"].flatMap { Int64($0) } ?? 0
    let settle = query["settle"].map(String.init)
    let news: News = try await bell.wait(atMost: .seconds(wait)) {
      let found = try await self.news(in: conversation, after: after, settle: settle)
      return (found, found.isSettled || !found.messages.isEmpty)
    }
    let messages = news.messages.map { message -> JSON in
      let answers: JSON = message.answers.map { .string($0.messageID) } ?? .null
      return ["id": .integer(message.id), "text": .string(message.content.text), "answers": answers]
    }
    let last = news.messages.last?.id ?? after
    return Self.json(["messages": .array(messages), "last": .integer(last), "settled": .bool(news.isSettled)])
  }

  private func news(in conversation: Conversation, after: Int64, settle: String?) async throws -> News {
    // One snapshot: "settled" must speak of exactly these messages.
    return try await store.read { transaction in
      let isSettled = try settle.map { try transaction.isSettled(messageID: $0, in: conversation) } ?? false
      let messages = try transaction.sentMessages(in: conversation, after: after, limit: Self.pageSize)
      return News(messages: messages, isSettled: isSettled && messages.count < Self.pageSize)
    }
  }

  private static func json(_ value: JSON) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: value.canonical)))
  }
}

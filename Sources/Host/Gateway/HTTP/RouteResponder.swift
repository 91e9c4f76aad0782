package import Core
import HTTPTypes
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import NIOHTTP1

/// Where a request context comes from.
package struct GatewayRequestSource: RequestContextSource {
  /// Carries the request id.
  package let logger: Logger
  let requestID: Core.RequestID
  let remoteAddress: String
  let isLocal: Bool
}

/// What a route of another room knows about its request besides the request itself.
package struct GatewayRequestContext: RequestContext {
  /// Contexts are made by the gateway only.
  package typealias Source = GatewayRequestSource

  /// The router's own storage: parameters and logger.
  package var coreContext: CoreRequestContextStorage
  /// The id that the answer carries in `X-Request-Id`.
  package let requestID: Core.RequestID
  /// The peer's address as text; empty when unknown.
  package let remoteAddress: String
  /// The client is on this machine, not behind a proxy, and called us by a loopback name.
  package let isLocal: Bool

  /// Called by the gateway for each request.
  package init(source: GatewayRequestSource) {
    coreContext = CoreRequestContextStorage(source: source)
    requestID = source.requestID
    remoteAddress = source.remoteAddress
    isLocal = source.isLocal
  }

  /// `requestID` as text.
  package var id: String { requestID.description }

  /// The common form of a refusal that has been counted and logged already, as those of `Admission` have. A refusal of the
  /// route's own is thrown instead: the gateway then counts, logs and answers it.
  package func answer(_ refusal: Refusal) -> Response {
    let answer = HTTPAnswer(refusal, requestID: requestID)
    var headers: HTTPFields = [.contentType: "application/json"]
    for (name, value) in answer.headers {
      if let name = HTTPField.Name(name) { headers[name] = value }
    }
    return Response(
      status: HTTPResponse.Status(code: answer.status), headers: headers,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
  }
}

/// Runs the routes that other rooms registered. The body is complete before a handler runs; a handler may throw a `Refusal`,
/// which is answered in the common form.
struct RouteResponder: Sendable {
  private let responder: RouterResponder<GatewayRequestContext>
  private let logger: Logger

  init(_ router: Router<GatewayRequestContext>, logger: Logger) {
    self.responder = router.buildResponder()
    self.logger = logger
  }

  func respond(to exchange: Exchange, body: [UInt8]) async throws -> Response {
    guard let method = HTTPRequest.Method(exchange.head.method.rawValue) else { throw Refusal.malformedHTTP }
    var fields = HTTPFields()
    for (name, value) in exchange.head.headers {
      if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
    }
    let request = Request(
      head: HTTPRequest(
        method: method, scheme: "http", authority: exchange.headers["host"], path: exchange.head.uri,
        headerFields: fields),
      body: RequestBody(buffer: ByteBuffer(bytes: body)))
    var logger = logger
    logger[metadataKey: "request_id"] = "\(exchange.requestID)"
    // The router's own middleware looks for the id under this key and insists on finding it.
    logger[metadataKey: "hb.request.id"] = "\(exchange.requestID)"
    let context = GatewayRequestContext(
      source: GatewayRequestSource(
        logger: logger, requestID: exchange.requestID, remoteAddress: exchange.remoteAddress, isLocal: exchange.isLocal))
    do {
      let response = try await responder.respond(to: request, context: context)
      // The router's own mark for a request that no route took.
      if response.status == .notFound, context.coreContext.endpointPath.value == "NotFound" { throw Refusal.notFound }
      return response
    } catch let refusal as Refusal {
      throw refusal
    } catch {
      logger.error("route failed", metadata: ["path": "\(exchange.path)", "error": "\(error)"])
      throw Refusal.internalError
    }
  }

  func write(
    _ response: Response, for exchange: Exchange, date: String, closing: Bool, to writer: HTTPConnection.Writer
  ) async throws {
    var headers = HTTPHeaders()
    for field in response.headers { headers.add(name: field.name.rawName, value: field.value) }
    headers.replaceOrAdd(name: "Date", value: date)
    headers.replaceOrAdd(name: "X-Request-Id", value: exchange.requestID.description)
    if let length = response.body.contentLength { headers.replaceOrAdd(name: "Content-Length", value: String(length)) }
    if closing { headers.replaceOrAdd(name: "Connection", value: "close") }
    let head = HTTPResponseHead(
      version: exchange.head.version, status: HTTPResponseStatus(statusCode: response.status.code), headers: headers)
    try await writer.write(.head(head))
    guard exchange.head.method != .HEAD else { return try await writer.write(.end(nil)) }
    try await response.body.write(RouteBodyWriter(writer: writer))
  }
}

/// Puts a route's body on the wire.
private struct RouteBodyWriter: ResponseBodyWriter {
  let writer: HTTPConnection.Writer

  mutating func write(_ buffer: ByteBuffer) async throws {
    try await writer.write(.body(.byteBuffer(buffer)))
  }

  consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
    try await writer.write(.end(nil))
  }
}

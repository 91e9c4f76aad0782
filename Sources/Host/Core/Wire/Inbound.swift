/// A POST from a platform, complete and within the size limit, before anything in it is believed.
package struct WebhookRequest: Sendable {
  /// Values by lower-case header name. Repeated headers are joined with `, `.
  package let headers: [String: String]
  /// The body exactly as received: signatures are over these bytes.
  package let body: [UInt8]
  package let remoteAddress: String
  package let receivedAt: Timestamp

  package init(headers: [String: String], body: [UInt8], remoteAddress: String, receivedAt: Timestamp) {
    self.headers = headers
    self.body = body
    self.remoteAddress = remoteAddress
    self.receivedAt = receivedAt
  }
}

/// What a platform is told in answer to a POST.
package struct WebhookAnswer: Sendable, Equatable {
  package let status: Int
  /// Nil: an empty body.
  package let body: JSON?

  package init(status: Int, body: JSON?) {
    self.status = status
    self.body = body
  }
}

/// How far a request proved who sent it.
package enum Authentication: Sendable, Equatable {
  case verified
  /// No credentials at all, and the channel's settings tolerate that for some requests; `interpret` decides for which.
  case unsigned
}

/// What an adapter makes of one well-formed document.
package enum Interpretation: Sendable {
  /// A message that belongs into the journal.
  case event(ChatEvent)
  /// Protocol business that ends here, with its answer: a URL validation, a heartbeat, an API response.
  case control(WebhookAnswer?)
  /// Known or unknown (`unknownType`), but not for us: acknowledged, counted under `type`, otherwise dropped.
  case ignored(type: String)
}

extension Interpretation {
  /// The type of an ignored document whose kind the adapter does not know; such documents are kept for inspection.
  package static let unknownType = "unknown"
}

/// A channel that receives events by HTTP POST.
package protocol WebhookChannel: Sendable {
  /// The configured name: last part of the path and label of its metrics.
  var name: String { get }
  /// Checks signature and freshness over the raw bytes; parses nothing.
  func authenticate(_ request: WebhookRequest) throws(Refusal) -> Authentication
  /// Turns the parsed body into an event. `requestID` becomes the event's.
  func interpret(
    _ document: JSON, of request: WebhookRequest, authentication: Authentication, requestID: RequestID
  ) throws(Refusal) -> Interpretation
  /// The answer after the event is durable, or was recognised as a duplicate, or ignored.
  var acknowledgement: WebhookAnswer { get }
}

/// The upgrade request of a WebSocket that a platform opens towards us.
package struct SocketRequest: Sendable {
  /// Values by lower-case header name.
  package let headers: [String: String]
  /// What follows the channel's own path: ``, `api` or `event`.
  package let endpoint: String
  package let query: [String: String]
  package let remoteAddress: String

  package init(headers: [String: String], endpoint: String, query: [String: String], remoteAddress: String) {
    self.headers = headers
    self.endpoint = endpoint
    self.query = query
    self.remoteAddress = remoteAddress
  }
}

/// One open WebSocket, as an adapter sees it.
package protocol TextSocket: Sendable {
  /// Sends one text frame; returns once it is handed to the kernel.
  func send(_ text: String) async throws
  /// Starts the closing handshake with a code of RFC 6455 §7.4.
  func close(code: UInt16, reason: String) async
}

/// The adapter's side of one open WebSocket. The gateway calls it for one frame at a time, in order.
package protocol SocketSession: Sendable {
  /// The socket is open: it may be used for API calls from now on.
  func opened(_ socket: any TextSocket) async
  /// Turns one parsed frame into an event, or deals with it (`.control`).
  func interpret(_ document: JSON, receivedAt: Timestamp, requestID: RequestID) async throws(Refusal) -> Interpretation
  /// The socket is gone, for whatever reason. Called exactly once after `opened`.
  func closed() async
}

/// A channel whose platform connects to us by WebSocket.
package protocol SocketChannel: Sendable {
  var name: String { get }
  /// Checks the credentials of the upgrade request; a refusal is answered before any upgrade.
  func session(for request: SocketRequest) throws(Refusal) -> any SocketSession
}

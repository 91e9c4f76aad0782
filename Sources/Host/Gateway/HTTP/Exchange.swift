import Core
import NIOHTTP1

/// One request and what has been learnt about it.
struct Exchange: Sendable {
  let head: HTTPRequestHead
  /// Values by lower-case name.
  let headers: [String: String]
  let path: String
  let client: ClientAddress
  /// On this machine, without a proxy in between.
  let isLocal: Bool
  let receivedAt: Timestamp
  let requestID: RequestID
  /// The channel it is for, as far as known: a label of metrics.
  var channel = "-"
  /// The body's end has been seen.
  var isRead = false
  private var allowedMethod: String?
  private let maximumRest: Int

  init(service: HTTPService, head: HTTPRequestHead, peer: TrustedProxies.Peer) {
    self.head = head
    self.headers = HTTPRules.dictionary(of: head.headers)
    self.path = HTTPRules.path(of: head.uri)
    self.client = service.client(of: peer, headers: headers)
    self.isLocal = LocalClient.sent(headers, from: peer.text)
    self.receivedAt = service.admission.clock.now()
    self.requestID = RequestID(at: receivedAt)
    self.maximumRest = service.configuration.maximumBody
  }

  var remoteAddress: String { client.text }

  /// The client waits for our word before it sends the body.
  var expectsContinue: Bool { head.version.isModern && headers["expect"] != nil }

  /// True when reading the body to its end costs less than a new connection.
  var restIsSmall: Bool {
    if expectsContinue || headers["transfer-encoding"] != nil { return false }
    return HTTPRules.contentLength(headers).map { $0 <= maximumRest } ?? true
  }

  mutating func methodNotAllowed(_ allowed: String) -> Refusal {
    allowedMethod = allowed
    return .methodNotAllowed(allowed)
  }

  func answer(_ refusal: Refusal) -> HTTPAnswer {
    var answer = HTTPAnswer(refusal, requestID: requestID)
    if let allowedMethod { answer.headers.append(("Allow", allowedMethod)) }
    if refusal.status == 426 { answer.headers += [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")] }
    return answer
  }
}

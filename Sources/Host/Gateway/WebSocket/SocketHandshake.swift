import Core
import NIOCore
import NIOHTTP1
import Sockets

/// The opening handshake of RFC 6455 §4.2: who may open a WebSocket, decided before the protocol is switched.
struct SocketHandshake: Sendable {
  /// What an upgrade request is told.
  enum Decision {
    case accept(HTTPResponseHead, any SocketSession)
    case refuse((head: HTTPResponseHead, body: [UInt8]))
  }

  let table: ChannelTable
  let admission: Admission
  let configuration: SocketConfiguration
  let drain: DrainSignal
  let openSockets: Gauge
  let proxies: TrustedProxies
  let dates = HTTPDates()

  /// The WebSocket that this request asks for; nil when it is an ordinary request.
  func mount(for head: HTTPRequestHead) -> ChannelTable.SocketMount? {
    guard head.method == .GET, head.headers.contains(name: "upgrade"),
      head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" }),
      head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }),
      case .found(let entry) = table.lookup(HTTPRules.path(of: head.uri))
    else { return nil }
    return entry.socket
  }

  func decide(
    _ head: HTTPRequestHead, _ mount: ChannelTable.SocketMount, hasBody: Bool, peer: String
  ) -> Decision {
    let now = admission.clock.now()
    let requestID = RequestID(at: now)
    let headers = HTTPRules.dictionary(of: head.headers)
    let client = proxies.client(of: proxies.peer(peer), headers: headers)
    do throws(Refusal) {
      let accept = try Self.accept(head.version, headers, hasBody: hasBody)
      if drain.isSet { throw Refusal.draining }
      let request = SocketRequest(
        headers: headers, endpoint: mount.endpoint, query: HTTPRules.query(of: head.uri), remoteAddress: client.text)
      let session = try admission.authenticated(from: client.bucket, at: now) { () throws(Refusal) in
        try mount.channel.session(for: request)
      }
      let fields: HTTPHeaders = [
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept, "Date": dates.text(at: now),
        "X-Request-Id": requestID.description,
      ]
      return .accept(HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: fields), session)
    } catch {
      admission.note(error, channel: mount.channel.name, requestID: requestID, remoteAddress: client.text)
      var answer = HTTPAnswer(error, requestID: requestID)
      if error.status == 426 { answer.headers += [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")] }
      let answerHead = answer.head(version: .http1_1, requestID: requestID, date: dates.text(at: now), closing: true)
      return .refuse((answerHead, answer.body))
    }
  }

  /// The value of `Sec-WebSocket-Accept`, if the request keeps the rules.
  static func accept(_ version: HTTPVersion, _ headers: [String: String], hasBody: Bool) throws(Refusal) -> String {
    guard version.isModern else { throw .handshakeInvalid("A WebSocket needs HTTP/1.1.") }
    try HTTPRules.checkEvery(version, headers)
    guard !hasBody else { throw .handshakeInvalid("An upgrade request has no body.") }
    guard headers["sec-websocket-version"] == "13" else {
      throw Refusal(status: 426, code: "websocket_version", message: "Only version 13 of WebSocket is spoken here.")
    }
    guard let accept = headers["sec-websocket-key"].flatMap(SocketKey.accept) else {
      throw .handshakeInvalid("Sec-WebSocket-Key must be the base64 of 16 bytes.")
    }
    return accept
  }

  /// Puts the WebSocket's handlers at the end of the pipeline. Call on the channel's event loop.
  func install(on channel: any Channel, session: any SocketSession, channel name: String) throws -> SocketConnection {
    let messages = try SocketPipeline.install(on: channel, as: .server, configuration: configuration)
    return SocketConnection(
      messages: messages, session: session, name: name, admission: admission, configuration: configuration,
      openSockets: openSockets)
  }
}

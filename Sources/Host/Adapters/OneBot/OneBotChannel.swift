package import Core

/// One OneBot v11 channel: takes events by HTTP POST and over reverse WebSockets.
///
/// All copies share the accounts that are connected; the deliverer made from the same `OneBotAccounts` sends through them.
package struct OneBotChannel: WebhookChannel, SocketChannel {
  private let configuration: OneBotConfiguration
  private let accounts: OneBotAccounts
  private let interpreter: OneBotInterpreter
  private let clock: any Clock<Duration>

  /// - Parameter clock: measures how long an answer to an action may take.
  package init(
    _ configuration: OneBotConfiguration, accounts: OneBotAccounts, clock: any Clock<Duration> = ContinuousClock()
  ) {
    self.configuration = configuration
    self.accounts = accounts
    self.clock = clock
    interpreter = OneBotInterpreter(channel: configuration.name, maximumAge: configuration.maximumAge)
  }

  package var name: String { configuration.name }

  /// 204 without a body: anything else could be read as a quick operation.
  package var acknowledgement: WebhookAnswer { WebhookAnswer(status: 204, body: nil) }

  /// - Throws: 401 `signature_missing`, 403 `signature_invalid`; without a secret 403 `loopback_only` for other machines.
  package func authenticate(_ request: WebhookRequest) throws(Refusal) -> Authentication {
    try OneBotCredentials.checkSignature(
      request.headers["x-signature"], over: request.body, secrets: configuration.secrets, from: request.remoteAddress)
    return .verified
  }

  /// - Throws: 400 `event_invalid` when the document is no event, or lacks a member without which it means nothing.
  package func interpret(
    _ document: JSON, of request: WebhookRequest, authentication: Authentication, requestID: RequestID
  ) throws(Refusal) -> Interpretation {
    let frame = try OneBotFrame.read(document)
    accounts.heard(frame)
    return interpreter.interpret(frame, receivedAt: request.receivedAt, requestID: requestID)
  }

  /// - Throws: 401 `token_missing`, 403 `token_invalid`, 400 `self_id_missing` or `role_invalid`, 404 `endpoint_unknown`;
  ///   without an access token 403 `loopback_only` for other machines.
  package func session(for request: SocketRequest) throws(Refusal) -> any SocketSession {
    try OneBotCredentials.checkToken(of: request, tokens: configuration.accessTokens)
    let headers = JSON.object(request.headers.mapValues(JSON.string))
    guard let selfID = headers.number("x-self-id"), !selfID.hasPrefix("-") else {
      throw Refusal(status: 400, code: "self_id_missing", message: "X-Self-ID must be the bot's QQ number")
    }
    let role = try OneBotRole(header: request.headers["x-client-role"], endpoint: request.endpoint)
    return OneBotSession(selfID: selfID, role: role, accounts: accounts, interpreter: interpreter, clock: clock)
  }
}

/// What the peer uses a socket for.
enum OneBotRole: String, Sendable {
  case universal, api, event

  /// The header says what the peer will do; the path is what is left without one.
  init(header: String?, endpoint: String) throws(Refusal) {
    guard let byPath = OneBotRole(rawValue: endpoint.isEmpty ? "universal" : endpoint) else {
      throw Refusal(
        status: 404, code: "endpoint_unknown", message: "there is no such endpoint; use the channel's path, /api or /event")
    }
    guard let header else {
      self = byPath
      return
    }
    guard let role = OneBotRole(rawValue: header.lowercased()) else {
      throw Refusal(status: 400, code: "role_invalid", message: "X-Client-Role must be Universal, API or Event")
    }
    self = role
  }

  var takesCalls: Bool { self != .event }
  var bringsEvents: Bool { self != .api }
}

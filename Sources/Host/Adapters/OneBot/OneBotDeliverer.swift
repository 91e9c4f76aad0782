import AdapterHTTP
package import AsyncHTTPClient
package import Core

/// Sends text through the account's own socket, or through the HTTP API where there is no socket.
///
/// Give the client a connect time-out well below 25 s and no retries of its own: then "nothing was sent" is told apart from
/// "no answer came".
package struct OneBotDeliverer: Deliverer {
  private let accounts: OneBotAccounts
  private let api: OneBotHTTPAPI?

  package init(_ configuration: OneBotConfiguration, accounts: OneBotAccounts, client: HTTPClient) {
    self.accounts = accounts
    api = configuration.apiBase.map {
      OneBotHTTPAPI(
        client: JSONClient(client, largestAnswer: 256 * 1024), base: $0, accessToken: configuration.accessTokens.first)
    }
  }

  /// OneBot knows no sequence numbers: a message that is sent twice is shown twice.
  package var recognisesRepeats: Bool { false }

  package var rules: SendingRules { SendingRules(textLimit: 3000) }

  /// Sends one message. Codes: `not_connected`, `busy`, `connection_lost`, `timeout`, `no_answer`, `unauthorized`, `retcode_<n>`,
  /// `http_<status>`, `scene_unsupported`, `target_invalid`.
  package func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt {
    let action = try OneBotSendAction(message)
    let response: OneBotResponse
    if let session = await accounts.caller(for: message.conversation.account) {
      response = try await call(action, through: session)
    } else if let api {
      response = try await call(action, through: api)
    } else {
      throw DeliveryError(
        .retry(after: nil), code: "not_connected", message: "the account has no open socket and no api_base is set")
    }
    switch response.failure {
    case nil: return DeliveryReceipt(messageID: response.messageID)
    case .unauthorized: throw Self.unauthorized
    case .unknownAction, .badRequest, .actionFailed:
      // Never repeated: implementations report failures for messages that were delivered late.
      let code = response.code.map { "retcode_\($0)" } ?? "failed"
      throw DeliveryError(.giveUp, code: code, message: "the implementation refused \(action.name)")
    }
  }

  private func call(_ action: OneBotSendAction, through session: OneBotSession) async throws(DeliveryError) -> OneBotResponse {
    do {
      return try await session.call(action.name, action.parameters)
    } catch {
      switch error {
      case .notConnected:
        throw DeliveryError(.retry(after: nil), code: "not_connected", message: "the account's socket is closed")
      case .busy: throw DeliveryError(.retry(after: nil), code: "busy", message: "too many actions wait for an answer")
      case .connectionLost:
        throw DeliveryError(.ambiguous, code: "connection_lost", message: "the socket closed before the answer")
      case .timedOut: throw DeliveryError(.ambiguous, code: "timeout", message: "no answer to \(action.name) in time")
      }
    }
  }

  private func call(_ action: OneBotSendAction, through api: OneBotHTTPAPI) async throws(DeliveryError) -> OneBotResponse {
    let answer: OneBotHTTPAPI.Answer
    do {
      answer = try await api.call(action.name, action.parameters)
    } catch {
      switch error {
      case .notSent: throw DeliveryError(.retry(after: nil), code: "not_connected", message: "no connection to api_base")
      case .noAnswer: throw DeliveryError(.ambiguous, code: "no_answer", message: "no answer to \(action.name) in time")
      }
    }
    let code = "http_\(answer.status)"
    switch answer.status {
    case 200..<300:
      guard let response = answer.response else {
        throw DeliveryError(.ambiguous, code: code, message: "the answer to \(action.name) was no JSON object")
      }
      return response
    case 401, 403: throw Self.unauthorized
    case 429: throw DeliveryError(.retry(after: nil), code: code, message: "the implementation asks to slow down")
    case 500...: throw DeliveryError(.ambiguous, code: code, message: "the implementation failed during \(action.name)")
    default: throw DeliveryError(.giveUp, code: code, message: "the implementation refused \(action.name)")
    }
  }

  private static let unauthorized = DeliveryError(
    .retry(after: .seconds(60)), code: "unauthorized",
    message: "the access token is wrong; set the same access_token on both sides")
}

/// One message as an action.
struct OneBotSendAction: Sendable, Equatable {
  let name: String
  let parameters: JSON

  /// Always in array form: text in an array cannot become a CQ code. Ids are numbers, as strict parsers want them.
  init(_ message: OutboundMessage) throws(DeliveryError) {
    let scene = message.conversation.scene
    let member: String
    switch scene.kind {
    case .group: (name, member) = ("send_group_msg", "group_id")
    case .private: (name, member) = ("send_private_msg", "user_id")
    case .guild, .guildPrivate:
      throw DeliveryError(.giveUp, code: "scene_unsupported", message: "OneBot v11 knows groups and private chats only")
    }
    guard let id = Int64(scene.id), id > 0 else {
      throw DeliveryError(.giveUp, code: "target_invalid", message: "the chat's id is not a QQ or group number")
    }
    parameters = [member: .integer(id), "message": [OneBotSegment.text(message.content.text).json]]
  }
}

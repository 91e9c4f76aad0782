import AdapterHTTP
package import AsyncHTTPClient
package import Core

/// Sends through the account's own socket, or through the HTTP API where there is no socket.
///
/// Give the client a connect time-out well below 25 s, a read time-out of 90 s and no retries of its own: then "nothing was sent"
/// is told apart from "no answer came".
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

  package func isReachable() async -> Bool {
    if api != nil { return true }
    return await accounts.hasCaller
  }

  /// Sends one message. Codes: `not_connected`, `account_offline`, `busy`, `connection_lost`, `timeout`, `no_answer`,
  /// `unauthorized`, `retcode_<n>`, `http_<status>`, `scene_unsupported`, `target_invalid`, `media_invalid`, `media_too_large`.
  package func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt {
    let conversation = message.conversation
    let group =
      conversation.scene.kind == .private
      ? accounts.temporaryChats.group(of: conversation.scene.id, with: conversation.account) : nil
    let actions = try OneBotSendAction.list(for: message, over: group)
    guard !accounts.condition.isOffline(conversation.account) else {
      throw DeliveryError(
        .retry(after: nil), code: "account_offline", message: "the QQ account is logged out at the implementation",
        concernsAdmins: true)
    }
    var receipt: DeliveryReceipt?
    for action in actions {
      do {
        let response = try await perform(action, by: conversation.account)
        receipt = receipt ?? DeliveryReceipt(messageID: response.messageID)
      } catch {
        // The words are out, and are complete in themselves: sending them again would be worse than a missing picture.
        if receipt == nil { throw error }
      }
    }
    return receipt ?? DeliveryReceipt(messageID: nil)
  }

  private func perform(_ action: OneBotSendAction, by account: String) async throws(DeliveryError) -> OneBotResponse {
    let response = try await call(action, by: account)
    switch response.failure {
    case nil: return response
    case .unauthorized: throw Self.unauthorized
    case .unknownAction:
      if let other = action.otherwise { return try await perform(other, by: account) }
    case .badRequest, .actionFailed: break
    }
    // Never repeated: implementations report failures for messages that were delivered late.
    throw DeliveryError(
      .giveUp, code: response.code.map { "retcode_\($0)" } ?? "failed",
      message: "the implementation refused \(action.name)" + (response.words.map { ": \($0)" } ?? ""))
  }

  private func call(_ action: OneBotSendAction, by account: String) async throws(DeliveryError) -> OneBotResponse {
    if let session = await accounts.caller(for: account) { return try await call(action, through: session) }
    if let api { return try await call(action, through: api) }
    throw DeliveryError(
      .retry(after: nil), code: "not_connected", message: "the account has no open socket and no api_base is set")
  }

  private func call(_ action: OneBotSendAction, through session: OneBotSession) async throws(DeliveryError) -> OneBotResponse {
    do {
      return try await session.call(action.name, action.parameters, limit: action.limit)
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
      answer = try await api.call(action.name, action.parameters, limit: action.limit)
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
    default:
      // Some say in the body what the status leaves open: an unknown action, or a wrong token.
      if let response = answer.response, response.code != nil, response.failure != nil { return response }
      if answer.status == 404, let other = action.otherwise { return try await call(other, through: api) }
      throw DeliveryError(.giveUp, code: code, message: "the implementation refused \(action.name)")
    }
  }

  private static let unauthorized = DeliveryError(
    .retry(after: .seconds(60)), code: "unauthorized",
    message: "the access token is wrong; set the same access_token on both sides", concernsAdmins: true)
}

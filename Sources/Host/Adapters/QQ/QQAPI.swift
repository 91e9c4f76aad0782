import AdapterHTTP
import Core
import NIOHTTP1

/// Calls of the official API with the bot's access token.
struct QQAPI: Sendable {
  let configuration: QQConfiguration
  let http: QQHTTP
  let tokens: QQTokenProvider
  let time: QQStopwatch

  /// Time for one request.
  static let requestLimit: Duration = .seconds(10)
  /// A second attempt, with another token, starts only if it can end within the 30 s that a delivery may take.
  private static let latestSecondAttempt: Duration = .seconds(6)

  /// Sends one request, and once more with another token when the platform refused the first.
  ///
  /// - Throws: `not_reachable` and the token's own errors when nothing was sent, `no_answer` when nobody knows, the platform's
  ///   code when a fresh token was refused too. Every other answer is returned.
  func call(
    _ method: HTTPMethod, _ path: String, body: JSONClient.Body? = nil, within deadline: QQDeadline = QQDeadline()
  ) async throws(DeliveryError) -> QQHTTP.Answer {
    let start = time.now()
    let first = try await attempt(method, path, body, deadline)
    guard let code = first.answer.refusedToken else { return first.answer }
    await tokens.drop(first.token)
    guard time.now() - start < Self.latestSecondAttempt else {
      throw DeliveryError(.retry(after: nil), code: code, message: "the access token was refused")
    }
    let second = try await attempt(method, path, body, deadline)
    guard let code = second.answer.refusedToken else { return second.answer }
    await tokens.drop(second.token)
    // Another process may have made the platform forget both. If it is a matter of settings, the attempts end by their number.
    throw DeliveryError(
      .retry(after: nil), code: code, message: "a fresh access token was refused too; check app_id, secret and IP allow-list",
      concernsAdmins: true)
  }

  private func attempt(
    _ method: HTTPMethod, _ path: String, _ body: JSONClient.Body?, _ deadline: QQDeadline
  ) async throws(DeliveryError) -> (answer: QQHTTP.Answer, token: Secret) {
    try deadline.checkStart()
    let token = try await tokens.token()
    let limit = try deadline.share(of: Self.requestLimit)
    do {
      let answer = try await http.send(
        method, body: body, to: configuration.apiBase + path, headers: [("Authorization", "QQBot \(token.reveal())")],
        limit: limit)
      return (answer, token)
    } catch {
      switch error {
      case .notSent:
        throw DeliveryError(.retry(after: nil), code: "not_reachable", message: "no connection to the platform")
      case .noAnswer:
        throw DeliveryError(.ambiguous, code: "no_answer", message: "the platform did not answer in time")
      }
    }
  }
}

extension QQHTTP.Answer {
  /// The platform's error code; nil when the body holds none.
  var errorCode: Int64? { (body?["err_code"] ?? body?["code"])?.integer }

  /// The code under which the access token was refused.
  var refusedToken: String? {
    if case .tokenRefused(let code) = QQSendOutcome(self) { code } else { nil }
  }
}

import Core

/// What the platform's answer to a sent message means.
enum QQSendOutcome: Sendable, Equatable {
  case delivered(DeliveryReceipt)
  /// The access token was refused: fetch another one and send once more.
  case tokenRefused(code: String)
  case failed(DeliveryError)

  /// - Parameter answer: any HTTP answer; the body decides where it is JSON, the status where it is not.
  init(_ answer: QQHTTP.Answer) {
    let trace = answer.traceID.map { ", trace \($0)" } ?? ""
    guard let body = answer.body, body.object != nil else {
      self = Self.unreadable(answer, trace: trace)
      return
    }
    // An answer without an id and with a code is a failure even under HTTP 200, 201 and 202.
    if (200..<300).contains(answer.status), let id = body.identifier("id") {
      self = .delivered(DeliveryReceipt(messageID: id))
      return
    }
    guard let code = (body["err_code"] ?? body["code"])?.integer, code != 0 else {
      self = Self.unreadable(answer, trace: trace)
      return
    }
    let refusal = "the platform refused the message (HTTP \(answer.status)\(trace))"
    func failed(_ advice: DeliveryError.Advice) -> QQSendOutcome {
      .failed(DeliveryError(advice, code: String(code), message: refusal))
    }
    switch QQErrorClass(code: code) {
    case .token: self = .tokenRefused(code: String(code))
    case .duplicate: self = .delivered(DeliveryReceipt(messageID: nil, duplicate: true))
    // Handed over and held for review: whatever comes of it, sending again would only queue a second copy.
    case .audit: self = .delivered(DeliveryReceipt(messageID: nil))
    case .transient, .tokenEndpointRate: self = failed(.retry(after: answer.retryAfter))
    case .rate: self = failed(.retry(after: answer.retryAfter ?? .seconds(10)))
    case .muted: self = failed(.retry(after: .seconds(60)))
    case .config, .tokenEndpointConfig, .permission, .replyExpired, .replyIdInvalid, .content, .wakeup, .targetGone, .media,
      .recall, .stream:
      self = failed(.giveUp)
    case nil:
      switch answer.status {
      case 401: self = .tokenRefused(code: String(code))
      case 429: self = failed(.retry(after: answer.retryAfter ?? .seconds(10)))
      case 500...: self = failed(.ambiguous)
      default: self = failed(.giveUp)
      }
    }
  }

  /// No JSON object, or one that says neither id nor code: something between us and the platform answered, or it is unwell.
  private static func unreadable(_ answer: QQHTTP.Answer, trace: String) -> QQSendOutcome {
    let code = "http_\(answer.status)"
    let message = "the answer was no message id and no error code (HTTP \(answer.status)\(trace))"
    switch answer.status {
    case 204: return .delivered(DeliveryReceipt(messageID: nil))
    case 401: return .tokenRefused(code: code)
    case 429: return .failed(DeliveryError(.retry(after: answer.retryAfter ?? .seconds(10)), code: code, message: message))
    case 300..<500: return .failed(DeliveryError(.retry(after: answer.retryAfter), code: code, message: message))
    default: return .failed(DeliveryError(.ambiguous, code: code, message: message))
    }
  }
}

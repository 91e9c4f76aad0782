import Core

/// What the platform's answer to a sent message means.
enum QQSendOutcome: Sendable, Equatable {
  case delivered(DeliveryReceipt)
  /// The access token was refused: fetch another one and send once more.
  case tokenRefused(code: String)
  case failed(DeliveryError)

  /// - Parameters:
  ///   - answer: any HTTP answer; the body decides where it is JSON, the status where it is not.
  ///   - isRecall: whether a success may come without an id.
  init(_ answer: QQHTTP.Answer, isRecall: Bool = false) {
    let trace = answer.traceID.map { ", trace \($0)" } ?? ""
    if isRecall, (200..<300).contains(answer.status), answer.errorCode ?? 0 == 0 {
      self = .delivered(DeliveryReceipt(messageID: nil))
      return
    }
    guard let body = answer.body, body.object != nil else {
      self = Self.unreadable(answer, trace: trace)
      return
    }
    // An answer without an id and with a code is a failure even under HTTP 200, 201 and 202.
    if (200..<300).contains(answer.status), let id = body.identifier("id") {
      self = .delivered(DeliveryReceipt(messageID: id))
      return
    }
    guard let code = answer.errorCode, code != 0 else {
      self = Self.unreadable(answer, trace: trace)
      return
    }
    let refusal = "the platform refused the message (HTTP \(answer.status)\(trace))"
    func failed(_ advice: DeliveryError.Advice, concernsAdmins: Bool = false) -> QQSendOutcome {
      // Codes speak of one chat's quota; the status, of everything that comes from this bot.
      .failed(
        DeliveryError(
          advice, code: String(code), message: refusal, concernsAdmins: concernsAdmins, concernsChannel: answer.status == 429))
    }
    switch QQErrorClass(code: code) {
    case .token: self = .tokenRefused(code: String(code))
    case .duplicate: self = .delivered(DeliveryReceipt(messageID: nil, duplicate: true))
    // Handed over and held for review: whatever comes of it, sending again would only queue a second copy.
    case .audit:
      let audit = body["data"]?["message_audit"]?.identifier("audit_id")
      self = .delivered(DeliveryReceipt(messageID: nil, auditID: audit))
    case .transient, .tokenEndpointRate: self = failed(.retry(after: answer.retryAfter))
    case .rate: self = failed(.retry(after: answer.retryAfter ?? Self.pause(for: code)))
    case .muted: self = failed(.retry(after: .seconds(60)))
    case .replyExpired: self = failed(.hold)
    case .targetGone: self = failed(.targetGone)
    case .permission where Self.unaskedRefused.contains(code): self = failed(.hold)
    case .config, .tokenEndpointConfig, .permission: self = failed(.giveUp, concernsAdmins: true)
    case .replyIdInvalid, .content, .wakeup, .media, .recall, .stream: self = failed(.giveUp)
    case nil:
      switch answer.status {
      case 401: self = .tokenRefused(code: String(code))
      case 429: self = failed(.retry(after: answer.retryAfter ?? .seconds(10)))
      case 500...: self = failed(.ambiguous)
      default: self = failed(.giveUp)
      }
    }
  }

  /// The chat takes no messages that answer nothing; as an answer to the next thing said there, it can go out.
  private static let unaskedRefused: Set<Int64> = [40_034_102, 40_034_105]

  /// Quotas of messages that answer nothing come back slowly.
  private static func pause(for code: Int64) -> Duration {
    switch code {
    case 22009, 304_031...304_034, 304_045...304_050, 40_034_100: .seconds(60)
    default: .seconds(10)
    }
  }

  /// - Throws: when nothing was delivered.
  func receipt() throws(DeliveryError) -> DeliveryReceipt {
    switch self {
    case .delivered(let receipt): return receipt
    case .failed(let error): throw error
    case .tokenRefused(let code): throw DeliveryError(.giveUp, code: code, message: "the access token was refused")
    }
  }

  /// No JSON object, or one that says neither id nor code: something between us and the platform answered, or it is unwell.
  private static func unreadable(_ answer: QQHTTP.Answer, trace: String) -> QQSendOutcome {
    let code = "http_\(answer.status)"
    let message = "the answer was no message id and no error code (HTTP \(answer.status)\(trace))"
    switch answer.status {
    case 204: return .delivered(DeliveryReceipt(messageID: nil))
    case 401: return .tokenRefused(code: code)
    case 429:
      return .failed(
        DeliveryError(
          .retry(after: answer.retryAfter ?? .seconds(10)), code: code, message: message, concernsChannel: true))
    case 300..<500: return .failed(DeliveryError(.retry(after: answer.retryAfter), code: code, message: message))
    default: return .failed(DeliveryError(.ambiguous, code: code, message: message))
    }
  }
}

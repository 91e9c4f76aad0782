import Core
import Storage

/// What to do after one attempt to send.
enum DeliveryStep: Equatable, Sendable {
  case sent(platformID: String?)
  /// The platform reviews it first.
  case reviewing(auditID: String)
  case retry(after: Duration, code: String)
  case failed(code: String)
  case unknown(code: String)
  /// It goes out with the next thing that comes in.
  case held(code: String)
  /// The same, and the chat is closed until then.
  case targetGone(code: String)

  /// - Parameters:
  ///   - limit: attempts after which a message is given up.
  ///   - delay: the wait before the next attempt when the platform names none.
  init(
    after result: Result<DeliveryReceipt, DeliveryError>, attempt: Int, limit: Int, recognisesRepeats: Bool, delay: Duration
  ) {
    switch result {
    case .success(let receipt):
      self = receipt.auditID.map { .reviewing(auditID: $0) } ?? .sent(platformID: receipt.messageID)
    case .failure(let error):
      switch error.advice {
      case .giveUp: self = .failed(code: error.code)
      case .hold: self = .held(code: error.code)
      case .targetGone: self = .targetGone(code: error.code)
      // Repeating it where repeats are not recognised could show it twice.
      case .ambiguous where !recognisesRepeats: self = .unknown(code: error.code)
      case .ambiguous:
        self = attempt < limit ? .retry(after: delay, code: error.code) : .unknown(code: error.code)
      case .retry(let after):
        guard attempt < limit else {
          self = .failed(code: error.code)
          return
        }
        self = .retry(after: max(delay, after ?? delay), code: error.code)
      }
    }
  }

  /// However long the platform wants its channel to be quiet.
  private static let longestPause = Duration.seconds(300)

  /// Value of the counter's label.
  var label: String {
    switch self {
    case .sent: "sent"
    case .reviewing: "reviewing"
    case .retry: "retry"
    case .failed: "failed"
    case .unknown: "unknown"
    case .held, .targetGone: "held"
    }
  }

  /// - Parameter error: what went wrong, if anything: it says whether the message may have arrived, and whether the platform wants
  ///   a pause, which then concerns its whole channel.
  func record(_ message: OutboundMessage, after error: DeliveryError?, in transaction: Transaction) throws {
    switch self {
    case .sent(let platformID): try transaction.markSent(message, platformID: platformID)
    case .reviewing(let auditID): try transaction.markReviewing(message, auditID: auditID)
    case .retry(let delay, let code):
      let time = transaction.now.advanced(by: delay)
      try transaction.postpone(message, until: time, error: code, inDoubt: error?.advice == .ambiguous)
      guard let error, error.concernsChannel, case .retry(let pause?) = error.advice else { return }
      try transaction.pauseChannel(
        message.conversation.channel, until: transaction.now.advanced(by: min(pause, Self.longestPause)))
    case .failed(let code): try transaction.markFailed(message, error: code)
    case .unknown(let code): try transaction.markUnknown(message, error: code)
    case .held(let code): try transaction.markHeld(message, error: code)
    case .targetGone(let code): try transaction.markTargetGone(message, error: code)
    }
  }
}

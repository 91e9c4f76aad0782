import Core
import Storage

/// What to do after one attempt to send.
enum DeliveryStep: Equatable, Sendable {
  case sent(platformID: String?)
  case retry(after: Duration, code: String)
  case failed(code: String)
  case unknown(code: String)

  /// - Parameters:
  ///   - limit: attempts after which a message is given up.
  ///   - delay: the wait before the next attempt when the platform names none.
  init(
    after result: Result<DeliveryReceipt, DeliveryError>, attempt: Int, limit: Int, recognisesRepeats: Bool, delay: Duration
  ) {
    switch result {
    case .success(let receipt): self = .sent(platformID: receipt.messageID)
    case .failure(let error):
      switch error.advice {
      case .giveUp, .hold, .targetGone: self = .failed(code: error.code)
      // Repeating it where repeats are not recognised could show it twice.
      case .ambiguous where !recognisesRepeats: self = .unknown(code: error.code)
      case .ambiguous, .retry:
        guard attempt < limit else {
          self = .failed(code: error.code)
          return
        }
        var wait = delay
        if case .retry(let after?) = error.advice { wait = max(wait, after) }
        self = .retry(after: wait, code: error.code)
      }
    }
  }

  /// Value of the counter's label.
  var label: String {
    switch self {
    case .sent: "sent"
    case .retry: "retry"
    case .failed: "failed"
    case .unknown: "unknown"
    }
  }

  func record(_ message: OutboundMessage, in transaction: Transaction) throws {
    switch self {
    case .sent(let platformID): try transaction.markSent(message, platformID: platformID)
    case .retry(let delay, let code):
      try transaction.postpone(message, until: transaction.now.advanced(by: delay), error: code)
    case .failed(let code): try transaction.markFailed(message, error: code)
    case .unknown(let code): try transaction.markUnknown(message, error: code)
    }
  }
}

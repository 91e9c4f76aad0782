/// A message on its way out, fixed in the journal before the first attempt to send it.
package struct OutboundMessage: Hashable, Codable, Sendable {
  /// Key of the outbox row; unique in this installation.
  package let id: Int64
  package let requestID: RequestID
  package let conversation: Conversation
  package let content: OutboundContent
  /// What it answers; nil for a message of our own accord.
  package let answers: MessageReference?
  /// Position among the answers to that message, from 1. Never changes between attempts: platforms recognise a resend by it.
  package let sequence: Int

  package init(
    id: Int64, requestID: RequestID, conversation: Conversation, content: OutboundContent, answers: MessageReference?,
    sequence: Int
  ) {
    self.id = id
    self.requestID = requestID
    self.conversation = conversation
    self.content = content
    self.answers = answers
    self.sequence = sequence
  }
}

/// A message that was handed over.
package struct DeliveryReceipt: Sendable, Equatable {
  /// The platform's id of the sent message, when it told us.
  package let messageID: String?
  /// True when the platform said that it had this message already.
  package let duplicate: Bool
  /// Set when the platform holds the message for review: what the outcome will be told under.
  package let auditID: String?

  package init(messageID: String?, duplicate: Bool = false, auditID: String? = nil) {
    self.messageID = messageID
    self.duplicate = duplicate
    self.auditID = auditID
  }
}

/// Why a message was not handed over, by what to do next.
package struct DeliveryError: Error, Sendable, Equatable {
  package enum Advice: Sendable, Equatable {
    /// Nothing was sent; try again, not before `after`.
    case retry(after: Duration?)
    /// The request left and no answer came. Resend only where the platform recognises repeats.
    case ambiguous
    /// The platform will never take it.
    case giveUp
    /// The time or the number of replies is used up: it can go out with the next thing that comes in here.
    case hold
    /// The chat is closed to us until something comes in from it.
    case targetGone
  }

  package let advice: Advice
  /// Stable code: the platform's own, or ours such as `not_connected`.
  package let code: String
  /// One line for the log; no message text, no secret.
  package let message: String
  /// Whether only the operator can mend it: wrong credentials, missing permission, a banned bot.
  package let concernsAdmins: Bool
  /// Whether a time to wait holds for everything that the channel has to say, not for this message alone.
  package let concernsChannel: Bool

  package init(
    _ advice: Advice, code: String, message: String, concernsAdmins: Bool = false, concernsChannel: Bool = false
  ) {
    self.advice = advice
    self.code = code
    self.message = message
    self.concernsAdmins = concernsAdmins
    self.concernsChannel = concernsChannel
  }
}

/// A channel's way out.
package protocol Deliverer: Sendable {
  /// Whether the platform drops a repeated (`answers`, `sequence`), so that an ambiguous send may be repeated.
  var recognisesRepeats: Bool { get }
  /// How much the platform lets us say.
  var rules: SendingRules { get }
  /// Whether messages can be handed over by this instance of the service: false while the connection that they would go through
  /// ends at another one. Asked only where several instances share the work.
  func isReachable() async -> Bool
  /// Sends one message. Ends by itself within 30 s, within 4 min when it carries media.
  func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt
}

extension Deliverer {
  package func isReachable() async -> Bool { true }
}

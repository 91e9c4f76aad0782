package import Core
package import Storage

/// What the robot says to an event.
package struct AgentReply: Sendable, Equatable {
  package var content: MessageContent
  package var purpose: MessagePurpose
  /// Nothing was done: it tells how the robot is used.
  package var isHint: Bool
  /// What the platform is told of the button whose press this answers.
  package var press = PressOutcome.taken

  package init(_ content: MessageContent, as purpose: MessagePurpose = .final, isHint: Bool = false) {
    self.content = content
    self.purpose = purpose
    self.isHint = isHint
  }

  /// The same, as answer to a press of which this became.
  func press(_ outcome: PressOutcome) -> AgentReply {
    var reply = self
    reply.press = outcome
    return reply
  }

  /// Tells how the robot is used.
  static func hint(_ text: String) -> AgentReply { AgentReply(MessageContent(text: text), isHint: true) }

  /// A result in plain text.
  package init(_ text: String) {
    self.init(MessageContent(text: text))
  }
}

extension AgentReply: ExpressibleByStringInterpolation {
  package init(stringLiteral text: String) { self.init(text) }
}

extension DecidingMessage.Objection {
  /// What is answered; nil: nothing.
  func reply(to verb: String) -> AgentReply? {
    switch self {
    case .notAPerson: nil
    case .notAlone:
      .hint("usage: /\(verb) and its code or name, as a message of its own: plain text, nothing quoted, nothing attached")
    case .tooOld: .hint("That came more than two minutes after it was sent, and decides nothing. Say it again.")
    }
  }
}

import Approvals
import Audit
import Core
import Policy
import Storage

/// Codes are not for guessing: whoever names too many that do not exist is not listened to for a while.
extension CommandAgent {
  /// Commands whose answer tells whether a code exists.
  private static let codeVerbs: Set<String> = ["approve", "deny", "resolve", "show"]

  /// The same conclusion, with misses counted. Codes that exist and are not this sender's business count like those that do not:
  /// the counting must not tell them apart either.
  func countingMisses(of verb: String, by event: ChatEvent, in conclusion: @escaping Conclusion) -> Conclusion {
    guard Self.codeVerbs.contains(verb) else { return conclusion }
    return { [audit, policy] transaction in
      let sender = event.sender.id
      var guesses = try transaction.guesses(of: sender)
      guard !guesses.isMuted(at: transaction.now) else { return nil }
      let reply = try conclusion(transaction)
      guard reply?.content.text == Self.unknownCode else { return reply }
      let isMuted = guesses.miss(at: transaction.now)
      try transaction.remember(guesses, of: sender, until: guesses.matterUntil)
      guard isMuted else { return reply?.press(.refused) }
      let record = AuditRecord(.guesserMuted, requestID: event.requestID, actor: sender, scene: event.conversation)
      try audit.append(record, in: transaction)
      let shown =
        "\(ShownText.identifier(sender, limit: 96)) in \(ShownText.identifier(event.conversation.description, limit: 128))"
      let news = """
        \(shown) named \(CodeGuesses.limit) codes within ten minutes that are not theirs to decide. \
        Their /approve, /deny, /resolve and /show are not looked at for \(CodeGuesses.muteMinutes) minutes.
        """
      try transaction.tellAdmins(MessageContent(text: news), about: event.requestID) { policy.subject($0).isAdmin }
      return """
        Too many codes that do not exist, or are not yours to decide: for \(CodeGuesses.muteMinutes) minutes I do not look at your \
        /approve, /deny, /resolve and /show.
        """
    }
  }
}

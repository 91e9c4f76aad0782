import Core
import Policy
import Storage

extension CommandAgent {
  /// Whether what the event says must not stay anywhere once it was worked on: it may hold a code.
  func isConfidential(_ event: ChatEvent) -> Bool {
    guard case .command(let line) = request(in: event) else { return false }
    return line.verb == ChatRules.enrolVerb
  }

  /// Binds the sender to the person of a one-time code.
  func enrol(_ text: String, event: ChatEvent) -> Conclusion {
    guard let code = Enrolment.parse(text), event.kind == .message, event.repliesTo == nil, event.attachments.isEmpty else {
      return { _ in "usage: /enroll CODE, as a message of its own; the operator makes codes: openclaw admin enroll NAME" }
    }
    let owner = policy.subject(event.sender.id).person
    return { [audit, policy] transaction in
      switch try Enrolment(audit: audit).redeem(code, of: event, owner: owner, in: transaction) {
      case .refused: return "That code cannot be used."
      case .taken(let person): return "This account is \(person) already; the code is used up."
      case .enrolled(let person, let roles):
        let held = roles.isEmpty ? "the roles that roles.yaml gives" : "the roles \(roles.joined(separator: ", "))"
        let news = """
          \(event.sender.id) was enrolled as \(person), with \(held). If that was not meant: openclaw admin revoke \
          \(event.sender.id)
          """
        try transaction.tellAdmins(MessageContent(text: news), about: event.requestID, except: event.conversation) {
          policy.subject($0).isAdmin
        }
        return "This account is \(person) from now on, with \(held)."
      }
    }
  }
}

import Approvals
package import Audit
package import Core
package import Storage

/// Binds accounts to people: the operator hands out a one-time code, and who says it in chat is that person from then on.
///
/// A code is known to whoever saw it and to nobody else: the store has its keyed digest. It is good for one use within a quarter of an
/// hour. Roles come from the operator's command line; nothing that is said in chat can name any.
package struct Enrolment: Sendable {
  private static let lifetime = Duration.seconds(15 * 60)
  /// A sender with this many wrong tries is not listened to any more, until the first of them is that old.
  private static let mostMisses = 5
  private static let missMemory = Duration.seconds(30 * 60)

  private let audit: AuditTrail

  package init(audit: AuditTrail) {
    self.audit = audit
  }

  // MARK: At the terminal

  /// Makes a code, which is kept nowhere: `XXXXXXXX-XXXXXXXX`, 80 bits.
  ///
  /// - Parameter roles: what the person holds once the code was used.
  package func issue(
    to person: String, roles: [String], in transaction: Transaction
  ) throws -> (code: String, expiresAt: Timestamp) {
    let code = "\(ApprovalCode.random())-\(ApprovalCode.random())"
    let expiresAt = transaction.now.advanced(by: Self.lifetime)
    try transaction.keep(EnrolmentCode(digest: digest(of: code), person: person, roles: roles, expiresAt: expiresAt))
    let record = AuditRecord(.adminCodeIssued, subject: person, reason: "by_operator", details: Self.details(roles))
    try audit.append(record, in: transaction)
    return (code, expiresAt)
  }

  /// Ends the binding of an id, or all bindings and open codes of a person.
  ///
  /// - Returns: the ids and codes that are worth nothing any more.
  package func revoke(_ name: String, in transaction: Transaction) throws -> (ids: Int, codes: Int) {
    let gone: (ids: Int, codes: Int)
    if try transaction.unenrol(id: name) != nil {
      gone = (1, 0)
    } else {
      gone = try transaction.unenrol(person: name)
    }
    guard gone != (0, 0) else { return gone }
    try audit.append(AuditRecord(.adminRevoked, subject: name, reason: "by_operator"), in: transaction)
    return gone
  }

  // MARK: In chat

  package enum Outcome: Sendable, Equatable {
    case enrolled(person: String, roles: [String])
    /// The account was somebody's before, and stays so.
    case taken(person: String)
    /// No such code, an expired or used one, or a sender who has tried too often: nobody is told which.
    case refused
  }

  /// Reads what a person typed; nil when it cannot be a code.
  static func parse(_ text: String) -> String? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { ApprovalCode.parse($0) }
    guard parts.count == 2, let first = parts[0], let second = parts[1] else { return nil }
    return "\(first)-\(second)"
  }

  /// Binds the sender of the event. Whatever comes of a code that was right, it is used up: others may have read it.
  ///
  /// - Parameter owner: whose the sender is by the rules in force; nil when nobody's.
  func redeem(_ code: String, of event: ChatEvent, owner: String?, in transaction: Transaction) throws -> Outcome {
    let sender = event.sender.id
    let memory = transaction.now.advanced(by: .zero - Self.missMemory)
    guard try transaction.enrolmentMisses(of: sender, since: memory) < Self.mostMisses else {
      try refuse(event, because: "too_many_tries", in: transaction)
      return .refused
    }
    guard let found = try transaction.takeEnrolmentCode(digest: digest(of: code)) else {
      try transaction.noteEnrolmentMiss(of: sender, since: memory)
      try refuse(event, because: "unknown_code", in: transaction)
      return .refused
    }
    if let owner = try transaction.enrolledOwner(of: sender) ?? owner {
      try refuse(event, subject: found.person, because: "account_taken", in: transaction)
      return .taken(person: owner)
    }
    try transaction.enrol(sender, as: found.person, roles: found.roles)
    try audit.append(
      AuditRecord(
        .adminEnrolled, requestID: event.requestID, actor: sender, subject: found.person, scene: event.conversation,
        details: Self.details(found.roles)),
      in: transaction)
    return .enrolled(person: found.person, roles: found.roles)
  }

  private func refuse(
    _ event: ChatEvent, subject: String? = nil, because reason: String, in transaction: Transaction
  ) throws {
    try audit.append(
      AuditRecord(
        .adminRefused, requestID: event.requestID, actor: event.sender.id, subject: subject, scene: event.conversation,
        reason: reason),
      in: transaction)
  }

  private func digest(of code: String) -> String { audit.reference(to: "enrolment code \(code)") }

  private static func details(_ roles: [String]) -> [String: JSON] { ["roles": .array(roles.map { .string($0) })] }
}

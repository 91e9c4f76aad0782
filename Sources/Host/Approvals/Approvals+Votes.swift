import Audit
package import Core
package import Policy
package import Storage

extension Approvals {
  /// What became of a vote.
  package enum VoteOutcome: Sendable {
    /// Nothing is decided in this mode.
    case closed(Mode)
    /// No such code, or not this person's business: the answer does not tell which.
    case unknownCode
    case ownRequest
    /// The end of the digest is missing, or is another.
    case unconfirmed(WriteCall)
    /// Nobody can have read it all in a chat.
    case tooLong(WriteCall)
    case alreadyDecided(WriteCall)
    case alreadyVoted(WriteCall)
    /// Counted; more are needed.
    case counted(WriteCall, [GateProgress])
    case approved(WriteCall)
    /// Denied, or taken back.
    case denied(WriteCall)
    /// It could not run any more, so it has ended.
    case invalidated(WriteCall, reason: String)
  }

  /// Counts the word of the person who sent `event`. Authority is that sender's identity and policy; the code only selects.
  ///
  /// - Parameter typed: what stood after the code: the end of the digest, where it is asked for.
  package func vote(
    _ verb: Vote.Verb, code: String, typed: String? = nil, event: ChatEvent, in transaction: Transaction
  ) throws -> VoteOutcome {
    let (mode, sender) = (policy.mode, event.sender.id)
    guard var record = try transaction.writeCall(code: code) else { return mode == .normal ? .unknownCode : .closed(mode) }
    guard mode == .normal else {
      try witness(.approvalRefused, record, by: sender, at: event.conversation, reason: mode.rawValue, in: transaction)
      return .closed(mode)
    }
    if person(sender) == person(record.requester) { return try ownWord(verb, on: record, event: event, in: transaction) }
    func refuse(_ reason: String, _ outcome: VoteOutcome) throws -> VoteOutcome {
      try witness(.approvalRefused, record, by: sender, at: event.conversation, reason: reason, in: transaction)
      return outcome
    }
    let gates = self.gates(of: record, at: transaction.now)
    guard gates.contains(where: { counts(sender, in: event.conversation, at: $0, on: record, at: transaction.now) }) else {
      return try refuse(refusal(of: event, on: record, gates: gates), .unknownCode)
    }
    guard record.state == .pending, !record.isExpired(at: transaction.now) else {
      return try refuse("already_decided", .alreadyDecided(record))
    }
    guard verb == .deny || ShownArguments(of: record).fitChat else { return try refuse("too_long", .tooLong(record)) }
    guard isConfirmed(typed, verb, gates: gates, on: record) else { return try refuse("unconfirmed", .unconfirmed(record)) }
    if case .impossible(let reason) = demand(of: record, at: transaction.now) {
      record = try invalidate(record, because: reason, except: event.conversation, in: transaction)
      return .invalidated(record, reason: reason)
    }
    let vote = Vote(person: person(sender), sender: sender, verb: verb, conversation: event.conversation)
    guard try transaction.insert(vote, on: record) else { return try refuse("already_voted", .alreadyVoted(record)) }
    try witness(.approvalVote, record, by: sender, at: event.conversation, reason: verb.rawValue, in: transaction)
    let count = self.count(try transaction.votes(on: record), at: gates, on: record, now: transaction.now)
    for vote in count.lapsed { try transaction.void(vote, on: record, because: "lapsed") }
    return try decide(record, verb, count, event: event, in: transaction)
  }

  /// What the votes amount to after one more.
  private func decide(
    _ record: WriteCall, _ verb: Vote.Verb, _ count: Count, event: ChatEvent, in transaction: Transaction
  ) throws -> VoteOutcome {
    var record = record
    switch verb {
    case .deny where count.isDenied:
      record.decidedAt = transaction.now
      try close(&record, as: .denied, kind: .approvalDenied, event: event, in: transaction)
      try transaction.beginCoolDown(of: record.digest)
      return .denied(record)
    // An owner needs nobody else to have a request taken back.
    case .deny where policy.subject(event.sender.id).roles.contains("owner"):
      try close(&record, as: .cancelled, kind: .approvalCancelled, event: event, in: transaction)
      return .denied(record)
    case .approve where count.isComplete:
      record.decidedAt = transaction.now
      record.runDeadline = transaction.now.advanced(by: .milliseconds(record.runWithin))
      try close(&record, as: .approved, kind: .approvalApproved, event: event, in: transaction)
      try watchForFatigue(after: record, in: transaction)
      return .approved(record)
    default:
      return .counted(record, count.progress)
    }
  }

  /// Nobody consents to their own request; but they may take it back.
  private func ownWord(
    _ verb: Vote.Verb, on record: WriteCall, event: ChatEvent, in transaction: Transaction
  ) throws -> VoteOutcome {
    guard event.conversation == record.conversation || event.conversation.scene.isPrivate else {
      try witness(
        .approvalRefused, record, by: event.sender.id, at: event.conversation, reason: "wrong_chat", in: transaction)
      return .unknownCode
    }
    guard verb == .deny, record.state == .pending else {
      let reason = verb == .deny ? "already_decided" : "own_request"
      try witness(.approvalRefused, record, by: event.sender.id, at: event.conversation, reason: reason, in: transaction)
      return verb == .deny ? .alreadyDecided(record) : .ownRequest
    }
    var record = record
    try close(&record, as: .cancelled, kind: .approvalCancelled, event: event, in: transaction)
    return .denied(record)
  }

  /// Whether what was typed after the code is what the gates ask for. Whoever types an end that is not this call's has read another card.
  private func isConfirmed(_ typed: String?, _ verb: Vote.Verb, gates: [Gate], on record: WriteCall) -> Bool {
    guard let typed else { return verb == .deny || !gates.contains { $0.confirm == .typed } }
    return typed.lowercased() == record.digest.suffix(4)
  }

  private func close(
    _ record: inout WriteCall, as decision: WriteCallEvent, kind: AuditRecord.Kind, event: ChatEvent,
    in transaction: Transaction
  ) throws {
    guard record.apply(decision) else { return }
    answer(event, with: &record)
    try transaction.update(record)
    try witness(kind, record, by: event.sender.id, at: event.conversation, in: transaction)
    if record.state != .approved {
      try tell(ApprovalCard.ended(record, by: event.sender.id), of: record, except: event.conversation, in: transaction)
    }
  }

  /// The outcome answers the message that decided, when that stands in the same chat: on QQ that is the open window.
  func answer(_ event: ChatEvent, with record: inout WriteCall) {
    guard event.conversation == record.conversation else { return }
    record.reply = ReplyAddress(conversation: record.conversation, requestID: event.requestID, answers: event.reference)
  }

  // MARK: Looking

  /// A record that the sender may see: the requester's own, or one the sender could decide.
  package func visible(code: String, to event: ChatEvent, in transaction: Transaction) throws -> WriteCall? {
    guard let record = try transaction.writeCall(code: code), mayView(record, event: event, at: transaction.now) else {
      return nil
    }
    return record
  }

  /// Open and unknown calls that the sender may see, oldest first.
  package func pending(visibleTo event: ChatEvent, in transaction: Transaction) throws -> [WriteCall] {
    try [WriteCall.State.pending, .approved, .unknown].flatMap { try transaction.writeCalls(in: $0) }
      .filter { mayView($0, event: event, at: transaction.now) }
  }

  private func mayView(_ record: WriteCall, event: ChatEvent, at now: Timestamp) -> Bool {
    let places = self.places(of: event.conversation, for: record)
    if person(event.sender.id) == person(record.requester) { return !places.isDisjoint(with: [.origin, .dm]) }
    return maySettle(record, event: event, at: now)
  }

  /// Whether the sender is one of those whose business the call is, here and whatever can still be decided about it.
  func maySettle(_ record: WriteCall, event: ChatEvent, at now: Timestamp) -> Bool {
    let places = self.places(of: event.conversation, for: record)
    let question = self.question(of: record, at: now)
    return person(event.sender.id) != person(record.requester)
      && gates(of: record, at: now).contains { gate in
        !places.isDisjoint(with: gate.places)
          && policy.maySettle(question, approver: event.sender.id, gate: gate).denial == nil
      }
  }
}

import Audit
package import Core
import Policy
package import Storage

extension Approvals {
  /// What became of a vote.
  package enum VoteOutcome: Sendable {
    /// No such code, or not this person's business: the answer does not tell which.
    case unknownCode
    case ownRequest
    case alreadyDecided(WriteCall)
    case alreadyVoted(WriteCall)
    /// Counted; more are needed.
    case counted(WriteCall, have: Int, need: Int)
    case approved(WriteCall)
    case denied(WriteCall)
  }

  /// Counts the word of the person who sent `event`. Authority is that sender's identity and policy; the code only selects.
  package func vote(
    _ verb: Vote.Verb, code: String, event: ChatEvent, in transaction: Transaction
  ) throws -> VoteOutcome {
    guard var record = try transaction.writeCall(code: code), isAllowedScene(event, for: record) else { return .unknownCode }
    guard person(event.sender.id) != person(record.requester) else {
      return verb == .deny ? try withdraw(record, event: event, in: transaction) : .ownRequest
    }
    guard let tool = toolbox.tool(named: record.tool),
      isEligible(event.sender.id, gates: gates(of: record), on: record, tool: tool, at: transaction.now)
    else {
      try witness(.approvalRefused, record, by: event.sender.id, reason: "not_eligible", in: transaction)
      return .unknownCode
    }
    guard record.state == .pending, !record.isExpired(at: transaction.now) else { return .alreadyDecided(record) }
    let vote = Vote(person: person(event.sender.id), sender: event.sender.id, verb: verb)
    guard try transaction.insert(vote, on: record) else { return .alreadyVoted(record) }
    try witness(.approvalVote, record, by: event.sender.id, reason: verb.rawValue, in: transaction)
    if verb == .deny { return .denied(try close(&record, as: .denied, kind: .approvalDenied, event: event, in: transaction)) }
    let tally = tally(
      try transaction.votes(on: record), gates: gates(of: record), on: record, tool: tool, at: transaction.now)
    guard tally.isComplete else { return .counted(record, have: tally.have, need: tally.need) }
    record.runDeadline = transaction.now.advanced(by: .milliseconds(record.runWithin))
    return .approved(try close(&record, as: .approved, kind: .approvalApproved, event: event, in: transaction))
  }

  /// The requester takes the request back.
  private func withdraw(
    _ record: WriteCall, event: ChatEvent, in transaction: Transaction
  ) throws -> VoteOutcome {
    var record = record
    guard record.state == .pending else { return .alreadyDecided(record) }
    return .denied(try close(&record, as: .cancelled, kind: .approvalCancelled, event: event, in: transaction))
  }

  private func close(
    _ record: inout WriteCall, as decision: WriteCallEvent, kind: AuditRecord.Kind, event: ChatEvent,
    in transaction: Transaction
  ) throws -> WriteCall {
    guard record.apply(decision) else { return record }
    answer(event, with: &record)
    try transaction.update(record)
    try witness(kind, record, by: event.sender.id, in: transaction)
    return record
  }

  /// The outcome answers the message that decided, when that stands in the same chat: on QQ that is the open window.
  func answer(_ event: ChatEvent, with record: inout WriteCall) {
    guard event.conversation == record.conversation else { return }
    record.reply = ReplyAddress(conversation: record.conversation, requestID: event.requestID, answers: event.reference)
  }

  /// Whether this request may be decided where the message stands: where it was asked for, or in a private chat with the robot.
  func isAllowedScene(_ event: ChatEvent, for record: WriteCall) -> Bool {
    event.conversation == record.conversation || event.conversation.scene.kind == .private
  }

  /// The gates as the rules in force define them; one that is gone lets nobody through. A call that ran unattended is looked
  /// after by those who stand at the default gate.
  func gates(of record: WriteCall) -> [Gate] {
    let names = record.gates.isEmpty ? [Gate.defaultName] : record.gates
    let gates = names.compactMap { policy.snapshot?.gate(named: $0) }
    return gates.count == names.count ? gates : []
  }

  /// All ids of one person are one voter.
  func person(_ id: String) -> String {
    policy.subject(id).principal
  }

  /// How many of the needed votes are in. With several gates each must reach its own quorum.
  struct Tally {
    var have = 0
    var need = 0
    var isComplete = true
  }

  /// Counts only people who are eligible now, each once and never the requester: whose ids are whose may have changed.
  func tally(_ votes: [Vote], gates: [Gate], on record: WriteCall, tool: Tool, at now: Timestamp) -> Tally {
    var tally = Tally()
    for gate in gates {
      let eligible = votes.filter {
        $0.verb == .approve && isEligible($0.sender, gates: [gate], on: record, tool: tool, at: now)
      }
      let count = Set(eligible.map { person($0.sender) }).subtracting([person(record.requester)]).count
      tally.have += min(count, gate.quorum)
      tally.need += gate.quorum
      tally.isComplete = tally.isComplete && count >= gate.quorum
    }
    return tally
  }

  /// Whether the sender may speak on at least one of the gates.
  func isEligible(_ sender: String, gates: [Gate], on record: WriteCall, tool: Tool, at now: Timestamp) -> Bool {
    let question = question(of: record, tool: tool, at: now)
    return gates.contains { policy.mayApprove(question, approver: sender, gate: $0).denial == nil }
  }

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
    guard isAllowedScene(event, for: record) else { return false }
    if person(event.sender.id) == person(record.requester) { return true }
    return isEligible(event.sender.id, gates: gates(of: record), on: record, tool: tool(of: record), at: now)
  }
}

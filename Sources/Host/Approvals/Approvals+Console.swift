import Audit
import Core
package import Storage

extension Approvals {
  /// What became of the operator's word.
  package enum ConsoleOutcome: Sendable {
    case unknownCode
    /// Nothing waits for it any more.
    case decidedBefore(WriteCall)
    case decided(WriteCall)
  }

  /// Takes the word of whoever sits at the machine itself, for what is too long to be judged in a chat. It stands for every gate; rules,
  /// mode, build and arguments are asked again before the run as ever.
  package func decideAtConsole(_ verb: Vote.Verb, code: String, in transaction: Transaction) throws -> ConsoleOutcome {
    guard var record = try transaction.writeCall(code: code) else { return .unknownCode }
    guard record.state == .pending, !record.isExpired(at: transaction.now),
      record.apply(verb == .approve ? .approved : .denied),
      try transaction.insert(Vote(person: Vote.console, sender: Vote.console, verb: verb), on: record)
    else { return .decidedBefore(record) }
    record.decidedAt = transaction.now
    if verb == .approve { record.runDeadline = transaction.now.advanced(by: .milliseconds(record.runWithin)) }
    try transaction.update(record)
    try witness(.approvalVote, record, by: Vote.console, reason: verb.rawValue, in: transaction)
    try witness(verb == .approve ? .approvalApproved : .approvalDenied, record, by: Vote.console, in: transaction)
    if verb == .deny { try tell(ApprovalCard.ended(record, by: Vote.console), of: record, in: transaction) }
    return .decided(record)
  }
}

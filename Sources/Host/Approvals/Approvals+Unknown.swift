import Audit
package import Core
import Policy
package import Storage

/// Calls that were started and of which nobody can tell whether they had their effect.
extension Approvals {
  /// What somebody who has looked says of such a call.
  package enum Resolution: String, Sendable, CaseIterable {
    /// It had its effect.
    case done
    /// It had none.
    case failed
    /// It is to run again, under the same idempotency key.
    case retry
  }

  /// What became of a resolution.
  package enum ResolutionOutcome: Sendable {
    /// No such code, or not this person's business: the answer does not tell which.
    case unknownCode
    /// Its outcome is not unknown, or not any more.
    case notUnknown(WriteCall)
    /// It must not run again, for this reason; it stays unknown.
    case obstructed(WriteCall, reason: String)
    /// The same call was asked for anew; it stays unknown while that one is open.
    case openAnew(WriteCall, as: WriteCall)
    case resolved(WriteCall)
  }

  /// Takes the word of the person who sent `event` on a call whose outcome is unknown. Whoever may not approve the call, the requester
  /// among them, is told what a wrong code is told.
  package func resolve(
    _ resolution: Resolution, code: String, event: ChatEvent, in transaction: Transaction
  ) throws -> ResolutionOutcome {
    guard var record = try transaction.writeCall(code: code), isAllowedScene(event, for: record) else { return .unknownCode }
    guard person(event.sender.id) != person(record.requester),
      isEligible(event.sender.id, gates: gates(of: record), on: record, tool: tool(of: record), at: transaction.now)
    else {
      try witness(.approvalRefused, record, by: event.sender.id, reason: "not_eligible", in: transaction)
      return .unknownCode
    }
    // A running call can end as either, too; but then the run itself says how.
    guard record.state == .unknown else { return .notUnknown(record) }
    switch resolution {
    case .done, .failed:
      guard record.apply(resolution == .done ? .succeeded : .failed) else { return .notUnknown(record) }
      record.outcome = "resolved_\(resolution.rawValue)"
    case .retry:
      if let open = try transaction.openCall(digest: record.digest) { return .openAnew(record, as: open) }
      if let obstacle = try obstacle(to: record, in: transaction) { return .obstructed(record, reason: obstacle) }
      guard record.apply(.retried) else { return .notUnknown(record) }
      record.outcome = nil
      record.runDeadline = transaction.now.advanced(by: .milliseconds(record.runWithin))
      answer(event, with: &record)
    }
    try transaction.update(record)
    try witness(.runResolved, record, by: event.sender.id, reason: "resolved_\(resolution.rawValue)", in: transaction)
    return .resolved(record)
  }

  /// Records that a claimed call has no result, and tells it. False when it is not claimed any more.
  func lose(_ record: WriteCall, as code: String, because reason: String, in transaction: Transaction) throws -> Bool {
    try becomeUnknown(record, after: .lost, as: code, because: reason, in: transaction)
  }

  /// Ends a repeat that must not run: the call is as unknown as it was before.
  func putBack(_ record: WriteCall, as code: String, because reason: String, in transaction: Transaction) throws -> Bool {
    try becomeUnknown(record, after: .returned, as: code, because: reason, in: transaction)
  }

  private func becomeUnknown(
    _ record: WriteCall, after event: WriteCallEvent, as code: String, because reason: String, in transaction: Transaction
  ) throws -> Bool {
    var record = record
    guard record.apply(event) else { return false }
    record.outcome = code
    try transaction.update(record)
    try witness(.runUnknown, record, reason: code, in: transaction)
    let content = ApprovalCard.unknown(record, because: reason)
    try transaction.enqueue(content, to: record.reply, as: .final)
    try transaction.tellAdmins(content, about: record.requestID, except: record.conversation) { policy.subject($0).isAdmin }
    return true
  }
}

import Audit
package import Core
package import Policy
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
    /// Nothing is decided in this mode.
    case closed(Mode)
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
  /// among them, is told what a wrong code is told. To say what came of it writes nothing, so it may be said in read_only mode too.
  package func resolve(
    _ resolution: Resolution, code: String, event: ChatEvent, in transaction: Transaction
  ) throws -> ResolutionOutcome {
    let mode = policy.mode
    let isClosed = ![.normal, .readOnly].contains(mode)
    guard var record = try transaction.writeCall(code: code) else { return isClosed ? .closed(mode) : .unknownCode }
    guard !isClosed else {
      try refuse(record, event: event, reason: mode.rawValue, in: transaction)
      return .closed(mode)
    }
    guard maySettle(record, event: event, at: transaction.now) else {
      let reason = refusal(of: event, on: record, gates: gates(of: record, at: transaction.now))
      try refuse(record, event: event, reason: reason, in: transaction)
      return .unknownCode
    }
    // A running call can end as either, too; but then the run itself says how.
    guard record.state == .unknown else {
      try refuse(record, event: event, reason: "not_unknown", in: transaction)
      return .notUnknown(record)
    }
    switch resolution {
    case .done, .failed:
      guard record.apply(resolution == .done ? .succeeded : .failed) else { return .notUnknown(record) }
      record.outcome = "resolved_\(resolution.rawValue)"
    case .retry:
      if let open = try transaction.openCall(digest: record.digest) {
        try refuse(record, event: event, reason: "open_anew", in: transaction)
        return .openAnew(record, as: open)
      }
      if let hindrance = try self.hindrance(to: record, in: transaction) {
        try refuse(record, event: event, reason: hindrance.reason, in: transaction)
        return .obstructed(record, reason: hindrance.reason)
      }
      guard record.apply(.retried) else { return .notUnknown(record) }
      record.outcome = nil
      record.runDeadline = transaction.now.advanced(by: .milliseconds(record.runWithin))
      answer(event, with: &record)
    }
    try transaction.update(record)
    try witness(
      .runResolved, record, by: event.sender.id, at: event.conversation, reason: "resolved_\(resolution.rawValue)",
      in: transaction)
    if resolution != .retry {
      let text =
        "\(record.code) (\(record.tool)) \(record.state.rawValue), by the word of \(ShownText.escape(event.sender.id, limit: 96))."
      try tell(text, of: record, except: event.conversation, in: transaction)
    }
    return .resolved(record)
  }

  private func refuse(
    _ record: WriteCall, event: ChatEvent, reason: String, in transaction: Transaction
  ) throws {
    try witness(.approvalRefused, record, by: event.sender.id, at: event.conversation, reason: reason, in: transaction)
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
    try tellElsewhere(content, of: record, in: transaction)
    try transaction.tellAdmins(content, about: record.requestID, except: record.conversation) { policy.subject($0).isAdmin }
    return true
  }
}

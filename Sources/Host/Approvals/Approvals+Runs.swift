import Audit
package import Core
import Policy
package import Storage

extension Approvals {
  // MARK: Expiry

  /// Ends what is past its deadline and tells where it was asked for. Returns how many ended.
  package func expire(in transaction: Transaction) throws -> Int {
    let open = try transaction.writeCalls(in: .pending) + transaction.writeCalls(in: .approved)
    var ended = 0
    for var call in open where call.isExpired(at: transaction.now) {
      if call.hasRun {
        ended += try putBack(call, as: "expired", because: "it was not repeated in time", in: transaction) ? 1 : 0
      } else if call.apply(.expired) {
        try transaction.update(call)
        try witness(.approvalExpired, call, in: transaction)
        try tell("\(call.code) (\(call.tool)) expired and will not run.", of: call, in: transaction)
        ended += 1
      }
    }
    return ended
  }

  /// The next deadline of any open call, or the time at which one that waits under a limit may start.
  package func nextDeadline(in transaction: Transaction) throws -> Timestamp? {
    let pending = try transaction.writeCalls(in: .pending).map(\.expiresAt)
    let approved = try transaction.writeCalls(in: .approved)
    let turns = try approved.compactMap { record in
      try limits.peek(question(of: record, at: transaction.now), in: transaction)?.wait.map { transaction.now.advanced(by: $0) }
    }
    return (pending + approved.compactMap(\.runDeadline) + turns).min()
  }

  // MARK: Run

  /// A call that is about to run, on exactly this build with exactly these arguments.
  package struct Claim: Sendable {
    package let record: WriteCall
    package let call: ToolCall
  }

  /// Claims the oldest approved call that is still permitted; nil when none is left. Commit before the tool starts.
  /// Calls that are permitted no longer end here, and those that need more consent wait again; `changed` counts both.
  ///
  /// - Parameter busy: names of tools whose calls must wait.
  package func claim(
    except busy: Set<String> = [], in transaction: Transaction
  ) throws -> (claim: Claim?, changed: Int) {
    var changed = 0
    for var record in try transaction.writeCalls(in: .approved)
    where !busy.contains(record.tool) && !record.isExpired(at: transaction.now) {
      guard try stop(record, in: transaction) == nil else {
        changed += 1
        continue
      }
      guard let tool = toolbox.tool(named: record.tool) else { continue }
      // What is over its limit waits for its turn, as long as it may start at all.
      guard try limits.takeWrite(question(of: record, at: transaction.now), in: transaction) == nil, record.apply(.claimed)
      else { continue }
      record.boot = transaction.boot
      try transaction.update(record)
      try witness(.runClaimed, record, in: transaction)
      return (Claim(record: record, call: call(of: record, by: tool)), changed)
    }
    return (nil, changed)
  }

  /// Stops an approved call that must not run now: everything is asked again.
  ///
  /// - Returns: why; nil when it may run, and nothing was done.
  private func stop(_ record: WriteCall, in transaction: Transaction) throws -> String? {
    guard let hindrance = try self.hindrance(to: record, in: transaction) else { return nil }
    if record.hasRun {
      let reason = hindrance.reason
      _ = try putBack(record, as: reason, because: "it must not be repeated (\(reason))", in: transaction)
    } else if let count = hindrance.missing {
      try reopen(record, count, because: hindrance.reason, in: transaction)
    } else {
      _ = try invalidate(record, because: hindrance.reason, in: transaction)
    }
    return hindrance.reason
  }

  /// Why an approved call must not run now.
  struct Hindrance {
    let reason: String
    /// How far it is, when more consent would do.
    var missing: Count?
  }

  /// Nil when the call may run now.
  func hindrance(to record: WriteCall, in transaction: Transaction) throws -> Hindrance? {
    switch demand(of: record, at: transaction.now) {
    case .impossible(let reason): return Hindrance(reason: reason)
    case .gates(let gates):
      let count = self.count(try transaction.votes(on: record), at: gates, on: record, now: transaction.now)
      guard !count.isComplete else { return nil }
      return Hindrance(reason: count.lapsed.isEmpty ? "stricter_gate" : "votes_lapsed", missing: count)
    }
  }

  /// More consent is needed than there is (any more): it waits again, as long as it would have waited before.
  private func reopen(_ record: WriteCall, _ count: Count, because reason: String, in transaction: Transaction) throws {
    let gates = count.progress.map(\.gate)
    if let refusal = try unreachable(gates, of: record, in: transaction) {
      _ = try invalidate(record, because: refusal.code, in: transaction)
      return
    }
    var record = record
    guard record.apply(.reopened) else { return }
    record.runDeadline = nil
    record.decidedAt = nil
    for vote in count.lapsed { try transaction.void(vote, on: record, because: "lapsed") }
    for chat in try otherChats(for: record, gates: gates, in: transaction) where !record.forwarded.contains(chat) {
      record.forwarded.append(chat)
    }
    try transaction.update(record)
    try witness(.approvalReopened, record, reason: reason, in: transaction)
    var card = ApprovalCard.content(for: record, progress: count.progress)
    card.text += "\nIt was approved before; that is not enough any more (\(reason))."
    try transaction.enqueue(card, to: record.reply, as: .interim)
    try tellElsewhere(card, of: record, in: transaction)
  }

  /// Ends a call that rules, mode or build do not permit any more.
  func invalidate(
    _ record: WriteCall, because reason: String, except chat: Conversation? = nil, in transaction: Transaction
  ) throws -> WriteCall {
    var record = record
    guard record.apply(.invalidated) else { return record }
    record.outcome = reason
    try transaction.update(record)
    try witness(.approvalInvalidated, record, reason: reason, in: transaction)
    try tell("\(record.code) (\(record.tool)) will not run: \(reason).", of: record, except: chat, in: transaction)
    return record
  }

  /// Records what came of a claimed call and tells it where the decision was made. Changes nothing when somebody else has taken the call over.
  package func finish(
    _ claim: Claim, with result: Result<String, ToolError>, in transaction: Transaction
  ) throws {
    // Others may have given it up for lost meanwhile, because this instance was silent for too long: now the outcome is known.
    guard var record = try transaction.writeCall(code: claim.record.code), record.boot == transaction.boot else {
      return try witness(.runRefused, claim.record, reason: "taken_over", in: transaction)
    }
    let event: WriteCallEvent
    let text: String
    switch result {
    case .success(let shown):
      event = .succeeded
      text = shown
      record.outcome = "done"
    case .failure(let error) where error.isEffectUnknown:
      guard try lose(record, as: error.code.rawValue, because: error.said, in: transaction) else {
        return try witness(.runRefused, record, reason: "not_claimed", in: transaction)
      }
      return
    case .failure(let error):
      event = .failed
      text = "\(record.code) (\(record.tool)) failed: \(error.said)"
      record.outcome = error.code.rawValue
    }
    guard record.apply(event) else { return try witness(.runRefused, record, reason: "not_claimed", in: transaction) }
    try transaction.update(record)
    try witness(.runFinished, record, reason: record.outcome, in: transaction)
    try transaction.enqueue(text, to: record.reply)
    // What it says is for those who asked; the others learn that it is over.
    try tellElsewhere(
      MessageContent(text: "\(record.code) (\(record.tool)) \(record.state.rawValue)."), of: record, in: transaction)
  }

  /// A claim of a dead run of the service has no result: whether it had its effect is for people to find out.
  package func settleInterrupted(in transaction: Transaction) throws -> Int {
    var lost = 0
    for record in try transaction.writeCallsOfTheDead() {
      lost += try lose(record, as: "interrupted", because: "the service stopped while it ran", in: transaction) ? 1 : 0
    }
    return lost
  }
}

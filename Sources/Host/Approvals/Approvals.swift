package import Audit
package import Core
import Foundation
package import Policy
package import Storage

/// The life of write calls: request, votes, expiry, claim, outcome. Every step is one transaction that also holds its audit record and
/// the messages that tell people; the caller provides the transaction. Runs no tool.
package struct Approvals: Sendable {
  let policy: PolicyEngine
  let audit: AuditTrail
  let toolbox: any Toolbox

  /// What calls are counted against.
  var limits: CallLimits { CallLimits(policy: policy) }

  package init(policy: PolicyEngine, audit: AuditTrail, toolbox: any Toolbox) {
    self.policy = policy
    self.audit = audit
    self.toolbox = toolbox
  }

  // MARK: Request

  package enum Opening: Sendable {
    /// Waits for admins: post the card.
    case waiting(WriteCall, card: MessageContent)
    /// Policy lets it run unattended: it runs as soon as a worker claims it.
    case running(WriteCall)
    /// The same call is open already.
    case joined(WriteCall)
  }

  /// Records a write call that policy permitted.
  ///
  /// - Parameter gates: the gates to pass, with the terms that count from now on; empty = unattended.
  package func open(
    _ call: ToolCall, asked event: ChatEvent, gates: [Gate], rules: [String], in transaction: Transaction
  ) throws -> Opening {
    let digest = CallDigest.digest(of: call, in: event.conversation)
    if let open = try transaction.openCall(digest: digest) { return .joined(open) }
    let expiry = gates.map(\.expires).min() ?? .seconds(900)
    let runWithin = gates.map(\.runWithin).min() ?? .seconds(300)
    let record = try transaction.insert(
      WriteCall(
        code: try unusedCode(in: transaction), digest: digest, state: gates.isEmpty ? .approved : .pending, call: call,
        requesterName: event.sender.name, conversation: event.conversation, gates: gates.map(\.name), createdAt: transaction.now,
        expiresAt: transaction.now.advanced(by: expiry), runWithin: Int64(runWithin / .milliseconds(1)),
        runDeadline: gates.isEmpty ? transaction.now.advanced(by: runWithin) : nil,
        reply: ReplyAddress(
          conversation: event.conversation, requestID: event.requestID, answers: event.reference)))
    try witness(gates.isEmpty ? .approvalApproved : .approvalRequested, record, by: call.requester, rules: rules, in: transaction)
    return gates.isEmpty ? .running(record) : .waiting(record, card: ApprovalCard.content(for: record, gates: gates))
  }

  private func unusedCode(in transaction: Transaction) throws -> String {
    var code = ApprovalCode.random()
    while try transaction.writeCall(code: code) != nil { code = ApprovalCode.random() }
    return code
  }

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
        try transaction.enqueue("\(call.code) (\(call.tool)) expired and will not run.", to: call.reply)
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
      try limits.peek(question(of: record, tool: tool(of: record), at: transaction.now), in: transaction)?.wait
        .map { transaction.now.advanced(by: $0) }
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
  /// Calls that are permitted no longer end here and are told; `invalidated` counts them.
  ///
  /// - Parameter busy: names of tools whose calls must wait.
  package func claim(
    except busy: Set<String> = [], in transaction: Transaction
  ) throws -> (claim: Claim?, invalidated: Int) {
    var invalidated = 0
    for var record in try transaction.writeCalls(in: .approved)
    where !busy.contains(record.tool) && !record.isExpired(at: transaction.now) {
      if let obstacle = try obstacle(to: record, in: transaction) {
        if record.hasRun {
          invalidated +=
            try putBack(record, as: obstacle, because: "it must not be repeated (\(obstacle))", in: transaction) ? 1 : 0
          continue
        }
        guard record.apply(.invalidated) else { continue }
        record.outcome = obstacle
        try transaction.update(record)
        try witness(.approvalInvalidated, record, reason: obstacle, in: transaction)
        try transaction.enqueue("\(record.code) (\(record.tool)) will not run: \(obstacle).", to: record.reply)
        invalidated += 1
        continue
      }
      guard let tool = toolbox.tool(named: record.tool) else { continue }
      // What is over its limit waits for its turn, as long as it may start at all.
      guard try limits.takeWrite(question(of: record, tool: tool, at: transaction.now), in: transaction) == nil,
        record.apply(.claimed)
      else { continue }
      record.boot = transaction.boot
      try transaction.update(record)
      try witness(.runClaimed, record, in: transaction)
      return (Claim(record: record, call: call(of: record, by: tool)), invalidated)
    }
    return (nil, invalidated)
  }

  /// Why an approved call must not run after all; nil when it may. Everything is asked again: rules, mode, build and voters may have changed.
  func obstacle(to record: WriteCall, in transaction: Transaction) throws -> String? {
    guard let tool = toolbox.tool(named: record.tool), tool.build == record.build, tool.effect == .write else {
      return "skill_changed"
    }
    guard CallDigest.digest(of: call(of: record, by: tool), in: record.conversation) == record.digest else {
      return "digest_mismatch"
    }
    let gates: [Gate]
    switch policy.decideCall(question(of: record, tool: tool, at: transaction.now)) {
    case .deny(let denial): return denial.code.rawValue
    case .allow: return nil
    case .gate(let named, _): gates = named
    }
    let votes = try transaction.votes(on: record)
    return tally(votes, gates: gates, on: record, tool: tool, at: transaction.now).isComplete ? nil : "votes_lapsed"
  }

  /// Records what came of a claimed call and tells it where the decision was made. Changes nothing when somebody else has taken the call over.
  package func finish(
    _ claim: Claim, with result: Result<String, ToolError>, in transaction: Transaction
  ) throws {
    // Others may have given it up for lost meanwhile, because this instance was silent for too long: now the outcome is known.
    guard var record = try transaction.writeCall(code: claim.record.code), record.boot == transaction.boot else { return }
    let event: WriteCallEvent
    let text: String
    switch result {
    case .success(let shown):
      event = .succeeded
      text = shown
      record.outcome = "done"
    case .failure(let error) where error.isEffectUnknown:
      _ = try lose(record, as: error.code.rawValue, because: error.said, in: transaction)
      return
    case .failure(let error):
      event = .failed
      text = "\(record.code) (\(record.tool)) failed: \(error.said)"
      record.outcome = error.code.rawValue
    }
    guard record.apply(event) else { return }
    try transaction.update(record)
    try witness(.runFinished, record, reason: record.outcome, in: transaction)
    try transaction.enqueue(text, to: record.reply)
  }

  /// A claim of a dead run of the service has no result: whether it had its effect is for people to find out.
  package func settleInterrupted(in transaction: Transaction) throws -> Int {
    var lost = 0
    for record in try transaction.writeCallsOfTheDead() {
      lost += try lose(record, as: "interrupted", because: "the service stopped while it ran", in: transaction) ? 1 : 0
    }
    return lost
  }

  // MARK: Shared

  /// The tool as the record names it: enough for rules and audit, also when the skill is gone.
  func tool(of record: WriteCall) -> Tool {
    Tool(name: record.tool, skill: record.skill, build: record.build, summary: "", effect: .write, parameters: [], rest: nil)
  }

  /// The call as it is made. Its key is the code: the same at every claim, so that whoever has the effect can recognise a repeat.
  private func call(of record: WriteCall, by tool: Tool) -> ToolCall {
    ToolCall(
      tool: tool, arguments: record.arguments, requestID: record.requestID, requester: record.requester,
      idempotencyKey: record.code, origin: record.reply)
  }

  func question(of record: WriteCall, tool: Tool, at now: Timestamp) -> CallQuestion {
    CallQuestion(
      requester: record.requester, tool: tool, arguments: record.arguments, conversation: record.conversation, origin: .command,
      now: now)
  }

  func witness(
    _ kind: AuditRecord.Kind, _ record: WriteCall, by actor: String? = nil, reason: String? = nil, rules: [String] = [],
    in transaction: Transaction
  ) throws {
    try audit.append(
      AuditRecord(
        kind, requestID: record.requestID, actor: actor ?? record.requester, scene: record.conversation, tool: tool(of: record),
        arguments: record.arguments, call: record.id, outcome: record.state.rawValue, reason: reason, rules: rules,
        details: ["digest": .string(record.digest), "code": .string(record.code)]),
      in: transaction)
  }
}

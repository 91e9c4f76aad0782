import Approvals
import Audit
import Core
import Policy
import Storage

/// What becomes of calls that come too often, and of those that a rule on trial would have denied.
extension CommandAgent {
  var limits: CallLimits { CallLimits(policy: policy) }

  /// Refuses for now. No gate is opened and nothing is counted.
  func throttle(
    _ call: ToolCall, event: ChatEvent, _ excess: CallLimits.Excess, rules: [String], in transaction: Transaction
  ) throws -> AgentReply {
    log.record(call, decision: "deny", rules: rules, status: "throttled")
    let record = Self.decision("throttled", call, event: event, reason: "limit \(excess.limit.match)", rules: rules)
    try audit.append(record, in: transaction)
    return "\(call.tool.name): \(excess.advice). Request \(call.requestID)"
  }

  /// Records what rules on trial would have denied, and warns the caller where the rule says so.
  func telling(
    of trials: [TrialForbid], _ call: ToolCall, event: ChatEvent, _ conclusion: @escaping Conclusion
  ) -> Conclusion {
    guard !trials.isEmpty else { return conclusion }
    let warnings = trials.compactMap(\.warning).map { ShownText.escape($0, limit: 200) }
    return { [audit] transaction in
      let reply = try conclusion(transaction)
      try audit.append(
        AuditRecord(
          .callOnTrial, requestID: call.requestID, actor: call.requester, scene: event.conversation, tool: call.tool,
          arguments: call.arguments, outcome: warnings.isEmpty ? "audit" : "warn", rules: trials.map(\.rule)), in: transaction)
      if !warnings.isEmpty {
        try transaction.enqueue(
          MessageContent(text: "\(call.tool.name) will soon be refused here: \(warnings.joined(separator: "; "))"),
          to: event.replyAddress, as: .interim)
      }
      return reply
    }
  }
}

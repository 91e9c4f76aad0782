package import Audit
package import Core
package import Policy
import Storage

/// The life of write calls: request, votes, expiry, claim, outcome. Every step is one transaction that also holds its audit record and
/// the messages that tell people; the caller provides the transaction. Runs no tool.
package struct Approvals: Sendable {
  let policy: PolicyEngine
  let audit: AuditTrail
  let toolbox: any Toolbox
  let settings: ApprovalSettings

  /// What calls are counted against.
  var limits: CallLimits { CallLimits(policy: policy) }

  package init(policy: PolicyEngine, audit: AuditTrail, toolbox: any Toolbox, settings: ApprovalSettings = ApprovalSettings()) {
    self.policy = policy
    self.audit = audit
    self.toolbox = toolbox
    self.settings = settings
  }

  // MARK: Shared

  /// The tool as the record names it: enough for rules and audit, also when the skill is gone.
  func tool(of record: WriteCall) -> Tool {
    Tool(name: record.tool, skill: record.skill, build: record.build, summary: "", effect: .write, parameters: [], rest: nil)
  }

  /// The call as it is made. Its key is the code: the same at every claim, so that whoever has the effect can recognise a repeat.
  func call(of record: WriteCall, by tool: Tool) -> ToolCall {
    ToolCall(
      tool: tool, arguments: record.arguments, requestID: record.requestID, requester: record.requester,
      idempotencyKey: record.code, origin: record.reply)
  }

  func question(of record: WriteCall, at now: Timestamp) -> CallQuestion {
    CallQuestion(
      requester: record.requester, requesterRole: record.requesterRole, tool: tool(of: record), arguments: record.arguments,
      conversation: record.conversation, origin: .command, now: now)
  }

  /// All ids of one person are one voter.
  func person(_ id: String) -> String {
    policy.subject(id).principal
  }

  func witness(
    _ kind: AuditRecord.Kind, _ record: WriteCall, by actor: String? = nil, at chat: Conversation? = nil, reason: String? = nil,
    rules: [String] = [], in transaction: Transaction
  ) throws {
    var details: [String: JSON] = ["digest": .string(record.digest), "code": .string(record.code)]
    details["said_in"] = chat.map { .string($0.description) }
    details["policy"] = policy.snapshot.map { .string($0.id) }
    try audit.append(
      AuditRecord(
        kind, requestID: record.requestID, actor: actor ?? record.requester, scene: record.conversation, tool: tool(of: record),
        arguments: record.arguments, call: record.id, outcome: record.state.rawValue, reason: reason, rules: rules,
        details: details),
      in: transaction)
  }
}

package import Approvals
package import Audit
package import Core
package import Policy
package import Storage

/// Decides what a message leads to, without a model: commands, tools, approvals.
package struct CommandAgent: Sendable {
  /// The rest of the work on an event: runs inside the transaction that completes it, and returns the reply, if any.
  package typealias Conclusion = @Sendable (Transaction) throws -> AgentReply?

  let chats: ChatRules
  let policy: PolicyEngine
  let approvals: Approvals
  let toolbox: any Toolbox
  let audit: AuditTrail
  let log: ToolCallLog
  let store: Store

  package init(
    chats: ChatRules, policy: PolicyEngine, approvals: Approvals, toolbox: any Toolbox, audit: AuditTrail, log: ToolCallLog,
    store: Store
  ) {
    self.chats = chats
    self.policy = policy
    self.approvals = approvals
    self.toolbox = toolbox
    self.audit = audit
    self.log = log
    self.store = store
  }

  /// Runs what has to run before the event can be completed: read tools only. May be called again for the same event after a crash.
  package func conclude(_ event: ChatEvent) async -> Conclusion {
    if case .notice(let notice) = event.kind { return greeting(after: notice) }
    guard let request = request(in: event) else { return { _ in nil } }
    return await answer(request, event: event)
  }

  /// What somebody asks the robot for; nil when it would not answer.
  func request(in event: ChatEvent) -> ChatRequest? {
    switch event.kind {
    case .notice: nil
    // What a button carries is typed for the person; it grants nothing that typing would not.
    case .button: event.sender.isBot ? nil : chats.pressed(event.text)
    case .message: chats.listens(to: event) ? chats.request(in: event) : nil
    }
  }

  /// What an event asks for, as far as it is known before any work.
  struct Concern {
    let effect: Effect
    /// The tool that is called while the event is worked on.
    let tool: String?
  }

  /// Nil when the robot would not answer.
  func concern(_ event: ChatEvent) -> Concern? {
    guard let request = request(in: event) else { return nil }
    guard case .command(let line) = request else { return Concern(effect: .read, tool: nil) }
    if let tool = toolbox.tool(named: line.verb) {
      // A write is called later, by its own worker.
      return Concern(effect: tool.effect, tool: tool.effect == .read ? tool.name : nil)
    }
    let writes = ["approve", "deny", "resolve", "recall", "mode", ChatRules.enrolVerb]
    return Concern(effect: writes.contains(line.verb) ? .write : .read, tool: nil)
  }

  private func answer(_ request: ChatRequest, event: ChatEvent) async -> Conclusion {
    switch request {
    case .talk: return { _ in .hint("I answer commands: try /help") }
    case .command(let line):
      // Approval verbs are looked at before anything else, and never reach a tool.
      if DecidingMessage.verbs.contains(line.verb), let objection = DecidingMessage.objection(to: event) {
        return { _ in objection.reply(to: line.verb) }
      }
      if let conclusion = builtIn(line, event: event) { return countingMisses(of: line.verb, by: event, in: conclusion) }
      guard let tool = toolbox.tool(named: line.verb) else { return unknown(line) }
      return await run(tool, line.rest, event: event)
    }
  }

  /// A short word when somebody lets the robot in.
  private func greeting(after notice: Notice) -> Conclusion {
    switch notice {
    case .botAdded: { _ in "Hello. Mention me with a command, for example /help, and I answer." }
    case .friendAdded: { _ in "Hello. I answer commands here: try /help" }
    default: { _ in nil }
    }
  }

  private func unknown(_ line: CommandLine) -> Conclusion {
    let name = ShownText.escape(line.verb, limit: 40)
    return { _ in .hint("There is no command or tool /\(name); /tools lists what there is.") }
  }

  // MARK: Tools

  private func run(_ tool: Tool, _ text: String, event: ChatEvent) async -> Conclusion {
    let arguments: JSON
    do throws(ToolError) {
      arguments = try CommandArguments.parse(text, for: tool)
      try toolbox.validate(arguments, for: tool)
    } catch {
      let message = error.message
      return { _ in "\(tool.name): \(message)" }
    }
    let call = ToolCall(
      tool: tool, arguments: arguments, requestID: event.requestID, requester: event.sender.id,
      idempotencyKey: event.requestID.description, origin: event.replyAddress)
    let question = CallQuestion(
      requester: call.requester, requesterRole: event.sender.role, tool: tool, arguments: arguments,
      conversation: event.conversation, origin: .command, now: store.clock.now())
    let ruling = policy.ruling(on: question)
    return telling(of: ruling.trials, call, event: event, await follow(ruling.decision, on: question, call, event: event))
  }

  private func follow(
    _ decision: CallDecision, on question: CallQuestion, _ call: ToolCall, event: ChatEvent
  ) async -> Conclusion {
    let tool = call.tool
    switch decision {
    case .deny(let denial):
      let words = ModeWords.refusal(denial.code, supposed: policy.decisionSupposingNormal(question))
      return refuse(call, event: event, reason: denial.code.rawValue, words: words, rules: denial.rules)
    case .allow(let rules) where tool.effect == .read:
      return await read(call, question, event: event, rules: rules)
    case .allow(let rules):
      return openWrite(call, question, event: event, gates: [], rules: rules)
    case .gate(let gates, let rules):
      guard tool.effect == .write else {
        return refuse(call, event: event, reason: "gate_on_read", rules: rules)
      }
      return openWrite(call, question, event: event, gates: gates, rules: rules)
    }
  }

  private func refuse(
    _ call: ToolCall, event: ChatEvent, reason: String, words: String? = nil, rules: [String]
  ) -> Conclusion {
    log.record(call, decision: "deny", rules: rules, status: reason)
    let audit = audit
    return { transaction in
      try audit.append(Self.decision("deny", call, event: event, reason: reason, rules: rules), in: transaction)
      let because = words.map { ": \($0)" } ?? ""
      return "\(call.tool.name): not permitted (\(reason))\(because). Request \(call.requestID)"
    }
  }

  private func read(_ call: ToolCall, _ question: CallQuestion, event: ChatEvent, rules: [String]) async -> Conclusion {
    do {
      if let excess = try await limits.beginRead(question, call.requestID, in: store) {
        return { try throttle(call, event: event, excess, rules: rules, in: $0) }
      }
    } catch {
      // What cannot be counted does not run; the event is tried again.
      return { _ in throw error }
    }
    let conclusion = await readNow(call, event: event, rules: rules)
    do {
      try await limits.endRead(question, call.requestID, in: store)
    } catch {
      // Only at the end of the process: its places end with it.
    }
    return conclusion
  }

  private func readNow(_ call: ToolCall, event: ChatEvent, rules: [String]) async -> Conclusion {
    let start = ContinuousClock.now
    let reply: String
    let status: String
    do throws(ToolError) {
      reply = ToolResultText.text(of: try await toolbox.call(call))
      status = "ok"
    } catch {
      reply = "\(call.tool.name): \(error.said) (\(error.code.rawValue)). Request \(call.requestID)"
      status = error.code.rawValue
    }
    log.record(call, decision: "allow", rules: rules, duration: ContinuousClock.now - start, status: status)
    let audit = audit
    return { transaction in
      try audit.append(Self.decision("allow", call, event: event, reason: status, rules: rules), in: transaction)
      return AgentReply(reply)
    }
  }

  private func openWrite(
    _ call: ToolCall, _ question: CallQuestion, event: ChatEvent, gates: [Gate], rules: [String]
  ) -> Conclusion {
    let (audit, approvals, log) = (audit, approvals, log)
    return { transaction in
      if let excess = try limits.peek(question, in: transaction) {
        return try throttle(call, event: event, excess, rules: rules, in: transaction)
      }
      func note(_ outcome: String, reason: String? = nil) throws {
        if !gates.isEmpty { log.record(call, decision: outcome, rules: rules, status: reason ?? "waiting") }
        try audit.append(Self.decision(outcome, call, event: event, reason: reason, rules: rules), in: transaction)
      }
      switch try approvals.open(call, asked: event, gates: gates, rules: rules, in: transaction) {
      // The last answer is kept for what becomes of it.
      case .waiting(_, let answer):
        try note("gate")
        return AgentReply(answer, as: .interim)
      case .running:
        try note("allow")
        return nil
      case .joined(let open):
        try note(gates.isEmpty ? "allow" : "gate")
        return "The same call waits already: \(ApprovalCard.summary(of: open))"
      case .refused(let refusal):
        try note("deny", reason: refusal.code)
        return "\(call.tool.name): not permitted (\(refusal.code)): \(refusal.message). Request \(call.requestID)"
      }
    }
  }

  static func decision(
    _ outcome: String, _ call: ToolCall, event: ChatEvent, reason: String?, rules: [String]
  ) -> AuditRecord {
    AuditRecord(
      .callDecided, requestID: call.requestID, actor: call.requester, scene: event.conversation, tool: call.tool,
      arguments: call.arguments, outcome: outcome, reason: reason, rules: rules)
  }
}

import Approvals
import Core
import Policy
import Storage

extension CommandAgent {
  /// The commands that are part of the host; nil when `line` is none of them.
  func builtIn(_ line: CommandLine, event: ChatEvent) -> Conclusion? {
    switch line.verb {
    case "help": help(line.rest)
    case "tools": { [toolbox] _ in AgentReply(HelpText.list(toolbox.tools)) }
    case "status": status()
    case "mode": mode(line.rest, event: event)
    case "pending": pending(event)
    case "show": show(line.rest, event: event)
    case "approve": vote(.approve, line.rest, event: event)
    case "deny": vote(.deny, line.rest, event: event)
    case "resolve": resolve(line.rest, event: event)
    case "recall": recall(event)
    case ChatRules.enrolVerb: enrol(line.rest, event: event)
    default: nil
    }
  }

  private func help(_ topic: String) -> Conclusion {
    let name = topic.trimmingPrefix("/").trimmingPrefix(while: \.isWhitespace)
    let text = toolbox.tool(named: String(name)).map(HelpText.usage) ?? HelpText.general(tools: toolbox.tools)
    return { _ in AgentReply(text) }
  }

  private func status() -> Conclusion {
    var lines = ["mode \(policy.mode.rawValue), \(store.pendingEvents) events waiting, \(toolbox.tools.count) tools"]
    lines += toolbox.status().map { skill in
      let version = skill.version.map { " \($0)" } ?? ""
      let detail = skill.detail.map { ": \(ShownText.escape($0, limit: 200))" } ?? ""
      return "\(skill.name)\(version) (\(skill.file)) \(skill.state.rawValue)\(detail)"
    }
    let known = lines
    return { transaction in
      let unknown = try transaction.writeCalls(in: .unknown).count
      let trouble = unknown > 0 ? ["\(unknown) write calls of unknown outcome; /pending lists those that you may settle"] : []
      return AgentReply((known.prefix(1) + trouble + known.dropFirst()).joined(separator: "\n"))
    }
  }

  private func mode(_ name: String, event: ChatEvent) -> Conclusion {
    let present = policy.mode
    guard !name.isEmpty else { return { _ in AgentReply("mode \(present.rawValue)") } }
    guard let mode = Mode(rawValue: name) else {
      let names = Mode.allCases.map(\.rawValue).joined(separator: "|")
      return { _ in AgentReply("usage: /mode [\(names)]") }
    }
    guard policy.subject(event.sender.id).isAdmin else { return { _ in "Only an admin can set the mode." } }
    return { [audit] transaction in
      // Whoever locks the robot down means that chat shall not be enough to open it again.
      guard try ModeKeeper.mode(in: transaction) != .lockdown else {
        return "The robot is locked down; only the operator can end that: openclaw mode \(mode.rawValue)"
      }
      try ModeKeeper.set(mode, by: event.sender.id, requestID: event.requestID, in: transaction, audit: audit)
      return AgentReply("mode \(mode.rawValue)")
    }
  }

  // MARK: Approvals

  static let unknownCode = "No open request with that code that you could decide here."

  private func pending(_ event: ChatEvent) -> Conclusion {
    { [approvals] transaction in
      let calls = try approvals.pending(visibleTo: event, in: transaction)
      return AgentReply(calls.isEmpty ? "Nothing waits." : calls.map(ApprovalCard.summary).joined(separator: "\n"))
    }
  }

  private func show(_ text: String, event: ChatEvent) -> Conclusion {
    let words = text.split(separator: " ")
    guard (1...2).contains(words.count), let code = ApprovalCode.parse(words[0]), let page = words.count == 1 ? 1 : Int(words[1])
    else { return { _ in .hint("usage: /show CODE [page]") } }
    return { [approvals] transaction in
      guard let call = try approvals.visible(code: code, to: event, in: transaction) else { return AgentReply(Self.unknownCode) }
      let details = ApprovalCard.details(of: call, votes: try transaction.votes(on: call), page: page)
      return AgentReply(details ?? "\(code) has no page \(page).")
    }
  }

  private func vote(_ verb: Vote.Verb, _ text: String, event: ChatEvent) -> Conclusion {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    let typed = words.count == 2 ? words[1] : nil
    let isDigestEnd = typed?.wholeMatch(of: /[0-9a-fA-F]{4}/) != nil
    guard words.count == 1 || isDigestEnd, let code = ApprovalCode.parse(words[0]) else {
      return { _ in "usage: /\(verb.rawValue) CODE, as a message of its own" }
    }
    return { [approvals] transaction in
      switch try approvals.vote(verb, code: code, typed: typed, event: event, in: transaction) {
      case .closed(let mode): return Self.closed(mode)
      case .unknownCode: return AgentReply(Self.unknownCode)
      case .ownRequest:
        return AgentReply("You cannot approve your own request \(code); /deny \(code) takes it back.").press(.refused)
      case .unconfirmed(let call):
        let words = "look at the card and type the last four of its digest too: /\(verb.rawValue) \(code) XXXX"
        return AgentReply("\(code) (\(call.tool)): \(words)").press(.refused)
      case .tooLong(let call): return AgentReply(ApprovalCard.tooLong(call)).press(.refused)
      case .alreadyDecided(let call):
        return AgentReply("\(code) was decided before: \(call.state.rawValue).").press(.repeated)
      case .alreadyVoted: return AgentReply("Your word on \(code) counts already.").press(.repeated)
      case .counted(let call, let progress):
        return AgentReply(([Self.noted(verb, call, event)] + progress.map(\.text)).joined(separator: "\n"))
      // The outcome will answer the approving message when it stands in the same chat.
      case .approved(let call):
        let text = "\(Self.noted(verb, call, event)) Its outcome is told where it was asked for."
        return call.conversation == event.conversation ? nil : AgentReply(text)
      case .denied(let call): return AgentReply(ApprovalCard.ended(call, by: event.sender.id))
      case .invalidated(let call, let reason): return "\(code) (\(call.tool)) cannot run any more: \(reason)."
      }
    }
  }

  /// What was voted on, and by whom.
  private static func noted(_ verb: Vote.Verb, _ call: WriteCall, _ event: ChatEvent) -> String {
    let voter = ShownText.identifier(event.sender.id, limit: 96)
    return
      "\(call.code) (\(call.tool), \(ApprovalCard.digest(of: call))): \(verb == .approve ? "approved" : "refused") by \(voter)."
  }

  private static func closed(_ mode: Mode) -> AgentReply {
    AgentReply("The robot is in mode \(mode.rawValue): nothing is decided now.").press(.refused)
  }

  private func resolve(_ text: String, event: ChatEvent) -> Conclusion {
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    guard words.count == 2, let code = ApprovalCode.parse(words[0]),
      let resolution = Approvals.Resolution(rawValue: words[1].lowercased())
    else {
      return { _ in "usage: /resolve CODE done|failed|retry, as a message of its own" }
    }
    return { [approvals] transaction in
      switch try approvals.resolve(resolution, code: code, event: event, in: transaction) {
      case .closed(let mode): return Self.closed(mode)
      case .unknownCode: return AgentReply(Self.unknownCode)
      case .notUnknown(let call):
        return AgentReply("\(code) (\(call.tool)) is \(call.state.rawValue); there is nothing to resolve.").press(.repeated)
      case .obstructed(let call, let reason):
        return "\(code) (\(call.tool)) must not run again: \(reason). Settle it with done or failed."
      case .openAnew(let call, let open):
        return "\(code) (\(call.tool)) was asked for anew as \(open.code), which is open. Settle \(code) with done or failed."
      // The outcome will answer this message when it stands in the same chat.
      case .resolved(let call) where resolution == .retry:
        let isHere = call.conversation == event.conversation
        return isHere ? nil : "\(code) (\(call.tool)) runs again; its outcome is told where it was asked for."
      case .resolved(let call): return "\(code) (\(call.tool)) is \(call.state.rawValue)."
      }
    }
  }

  // MARK: Taking back

  /// The robot's last message here, or the one that is quoted.
  private func recall(_ event: ChatEvent) -> Conclusion {
    guard policy.subject(event.sender.id).isAdmin else { return { _ in "Only an admin can have a message taken back." } }
    return { transaction in
      guard let message = try transaction.takeBack(event.repliesTo, in: event.conversation) else {
        return "There is no message of mine here that could be taken back."
      }
      try transaction.enqueueRecall(of: message, in: event.conversation, requestID: event.requestID)
      return nil
    }
  }
}

package import Core

/// How much the host is willing to do at all. Comes before every rule.
package enum Mode: String, Sendable, Hashable, CaseIterable, Codable {
  case normal
  /// Tools that write are denied.
  case readOnly = "read_only"
  /// Nothing runs.
  case explainOnly = "explain_only"
  /// Everything is denied; also the state of an engine without usable rules.
  case lockdown
}

/// What made the host want to run a tool.
package enum Origin: String, Sendable, Hashable, Codable {
  /// A person typed the command.
  case command
  /// A language model planned it.
  case model
  /// A timer fired.
  case schedule
}

/// May this person call this tool, with these arguments, here and now?
package struct CallQuestion: Sendable {
  /// As in `Sender.id`.
  package let requester: String
  /// What the platform says of the requester in this chat: for `platform:` in `roles.yaml`.
  package let requesterRole: Sender.PlatformRole?
  package let tool: Tool
  /// The complete arguments: an object.
  package let arguments: JSON
  package let conversation: Conversation
  package let origin: Origin
  package let now: Timestamp

  package init(
    requester: String, requesterRole: Sender.PlatformRole? = nil, tool: Tool, arguments: JSON, conversation: Conversation,
    origin: Origin, now: Timestamp
  ) {
    self.requester = requester
    self.requesterRole = requesterRole
    self.tool = tool
    self.arguments = arguments
    self.conversation = conversation
    self.origin = origin
    self.now = now
  }
}

/// May this skill use this capability, on behalf of a call?
package struct UseQuestion: Sendable {
  /// The skill's id.
  package let skill: String
  /// `kv.put`, `http.fetch`, …
  package let capability: String
  /// Of the tool during whose call the skill asks.
  package let effect: Effect
  /// Who called that tool, as in `Sender.id`.
  package let requester: String
  package let now: Timestamp

  package init(skill: String, capability: String, effect: Effect, requester: String, now: Timestamp) {
    self.skill = skill
    self.capability = capability
    self.effect = effect
    self.requester = requester
    self.now = now
  }
}

/// The answer to a `CallQuestion`. `rules` are the ids of the rules that made it so, for the audit record.
package enum CallDecision: Sendable, Equatable {
  /// Run it.
  case allow(rules: [String])
  /// Run it once every one of these gates was passed; never empty, sorted by name.
  case gate([Gate], rules: [String])
  case deny(Denial)
}

/// The answer to a `CallQuestion`, and what rules on trial would have had to say.
package struct Ruling: Sendable, Equatable {
  package let decision: CallDecision
  /// In file order.
  package let trials: [TrialForbid]

  init(_ decision: CallDecision, trials: [TrialForbid] = []) {
    self.decision = decision
    self.trials = trials
  }
}

/// A forbid on trial that holds: it would have denied the call, and did not.
package struct TrialForbid: Sendable, Equatable {
  package let rule: String
  /// Whether the caller is to be told, and how: the rule's `@description`, or its id where it has none.
  package let warning: String?
}

/// The answer to every other question.
package enum Verdict: Sendable, Equatable {
  case allow(rules: [String])
  case deny(Denial)

  package var denial: Denial? {
    if case .deny(let denial) = self { denial } else { nil }
  }
}

/// Why not.
package struct Denial: Sendable, Equatable {
  package enum Code: String, Sendable, CaseIterable {
    /// No rule permits it.
    case noPermit = "no_permit"
    /// A rule forbids it.
    case forbidden
    /// A rule that might forbid it could not be evaluated.
    case forbidError = "forbid_error"
    /// The approver holds none of the gate's roles.
    case notAnApprover = "not_an_approver"
    case readOnly = "read_only"
    case explainOnly = "explain_only"
    case lockdown
  }

  package let code: Code
  /// Ids of the rules that made it so.
  package let rules: [String]
  /// Rules that could not be evaluated, whatever their part in the denial.
  package let errors: [RuleError]

  package init(_ code: Code, rules: [String] = [], errors: [RuleError] = []) {
    self.code = code
    self.rules = rules
    self.errors = errors
  }
}

/// A rule that could not be evaluated. For admins: it tells how the rules are built.
package struct RuleError: Sendable, Equatable, CustomStringConvertible {
  package let rule: String
  /// `policies/20-notes.cedar:5:8`.
  package let place: String
  /// Names and types, never a value.
  package let message: String

  package var description: String { "\(place): rule `\(rule)`: \(message)" }
}

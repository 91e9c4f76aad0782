package import Core

/// One thing worth proving later: a decision, a vote, a run, a reload.
package struct AuditRecord: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case callDecided = "call.decided"
    /// A rule on trial would have denied the call.
    case callOnTrial = "call.trial"
    case approvalRequested = "approval.requested"
    case approvalVote = "approval.vote"
    case approvalApproved = "approval.approved"
    case approvalDenied = "approval.denied"
    case approvalExpired = "approval.expired"
    case approvalCancelled = "approval.cancelled"
    case approvalInvalidated = "approval.invalidated"
    case approvalReopened = "approval.reopened"
    case approvalRefused = "approval.refused"
    /// Somebody named too many wrong codes and is not listened to for a while.
    case guesserMuted = "approval.muted"
    /// Nearly everything is approved faster than it can be read.
    case approvalFatigue = "approval.fatigue"
    case runClaimed = "exec.claimed"
    case runFinished = "exec.result"
    case runUnknown = "exec.unknown"
    case runResolved = "exec.resolved"
    /// A result that came after the call had been taken over or settled.
    case runRefused = "exec.refused"
    /// A skill's request that reaches beyond the host is about to be performed.
    case capabilityBegun = "capability.begun"
    case capabilityEnded = "capability.ended"
    case capabilityDenied = "capability.denied"
    /// Requests that nobody could write down.
    case capabilityDropped = "capability.dropped"
    case policyLoaded = "policy.loaded"
    case policyRefused = "policy.refused"
    case policyRolledBack = "policy.rolled_back"
    case policyRollbackUndone = "policy.rollback_undone"
    case skillLoaded = "skill.loaded"
    case skillRefused = "skill.refused"
    case skillRemoved = "skill.removed"
    case skillQuarantined = "skill.quarantined"
    case skillDisabled = "skill.disabled"
    case skillEnabled = "skill.enabled"
    case skillGranted = "skill.granted"
    case skillRevoked = "skill.revoked"
    case skillRolledBack = "skill.rolled_back"
    case skillRollbackUndone = "skill.rollback_undone"
    case skillKeyTrusted = "skill.key_trusted"
    case skillKeyDistrusted = "skill.key_distrusted"
    case skillDecisionsRefused = "skill.decisions_refused"
    case modeChanged = "mode.changed"
    /// Somebody at a terminal made a one-time code for a person.
    case adminCodeIssued = "admin.code_issued"
    /// An account was bound to a person with such a code, and what else came of codes in chat.
    case adminEnrolled = "admin.enrolled"
    case adminRefused = "admin.refused"
    case adminRevoked = "admin.revoked"
    /// A damaged database was moved aside, and this one begun.
    case storeSetAside = "store.set_aside"
    /// Somebody at a terminal put an event back into the queue, or deleted it, after it had been put aside.
    case eventRetried = "event.retried"
    case eventDropped = "event.dropped"
    /// Older records were deleted; the arguments are the manifest that stands for them.
    case recordsPruned = "retention.pruned"
    /// What was kept of a person was emptied; the body does not say whose.
    case personErased = "person.erased"
    case serviceStarted = "service.started"
    case serviceStopped = "service.stopped"
  }

  package let kind: Kind
  package var requestID: RequestID?
  /// Who did it: an identity; only its keyed reference enters the head.
  package var actor: String?
  /// To whom it was done: an identity or a person's name; only its keyed reference enters the head.
  package var subject: String?
  package var scene: Conversation?
  package var tool: Tool?
  /// The skill concerned, where no tool names it.
  package var skill: String?
  /// SHA-256 of that skill's image.
  package var build: String?
  /// Only its digest enters the head.
  package var arguments: JSON?
  /// The write call concerned.
  package var call: Int64?
  /// `allow`, `gate`, `deny`, `throttled`, a state, a status.
  package var outcome: String?
  /// A stable code, never free text.
  package var reason: String?
  /// Ids of the rules that decided.
  package var rules: [String]
  /// Further facts that may be deleted later; they go to the body.
  package var details: [String: JSON]

  package init(
    _ kind: Kind, requestID: RequestID? = nil, actor: String? = nil, subject: String? = nil, scene: Conversation? = nil,
    tool: Tool? = nil,
    skill: String? = nil, build: String? = nil,
    arguments: JSON? = nil, call: Int64? = nil, outcome: String? = nil, reason: String? = nil, rules: [String] = [],
    details: [String: JSON] = [:]
  ) {
    self.kind = kind
    self.requestID = requestID
    self.actor = actor
    self.subject = subject
    self.scene = scene
    self.tool = tool
    self.skill = skill
    self.build = build
    self.arguments = arguments
    self.call = call
    self.outcome = outcome
    self.reason = reason
    self.rules = rules
    self.details = details
  }
}

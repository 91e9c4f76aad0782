/// Why a call is allowed, gated or denied, rule by rule. Made of a hypothetical call: nothing is opened, counted or run.
package struct Explanation: Sendable {
  package let decision: CallDecision
  /// Who asks, after roles.yaml.
  package let subject: Subject
  package let mode: Mode
  /// The digest of the rules that answered.
  package let snapshot: String
  /// Rules about `call`, and where the call is permitted also those about `auto`.
  package let call: [RuleTrace]
  package let auto: [RuleTrace]
  /// What the call is counted against, whether or not there is room.
  package let limits: [CallLimit]

  /// The permits that came nearest to allowing the call, nearest first.
  package var nearestPermits: [RuleTrace] {
    call.filter { !$0.isForbid && $0.verdict != .satisfied }.sorted { ($0.obstacles, $0.rule) < ($1.obstacles, $1.rule) }
  }
}

extension PolicySnapshot {
  /// Follows every rule that a call asks.
  package func explain(_ question: CallQuestion, mode: Mode) -> Explanation {
    let (request, entities) = request(.call, question, mode: mode)
    let isPermitted = rules.authorize(request, entities).isAllowed
    return Explanation(
      decision: decideCall(question, mode: mode), subject: subject(question.requester), mode: mode, snapshot: id,
      call: rules.trace(request, entities), auto: isPermitted ? rules.trace(request.asking(.auto), entities) : [],
      limits: limits(on: question).map(\.limit))
  }
}

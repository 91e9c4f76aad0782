extension PolicyEngine {
  /// What the rules would say to a call if the mode were `normal`; nil without rules. For people who ask while nothing runs.
  package func decisionSupposingNormal(_ question: CallQuestion) -> CallDecision? {
    snapshot?.decideCall(question, mode: .normal)
  }
}

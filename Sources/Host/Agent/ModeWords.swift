import Policy

/// What people are told about the mode.
enum ModeWords {
  /// What a mode means.
  static func meaning(of mode: Mode) -> String {
    switch mode {
    case .normal: "the rules alone decide"
    case .readOnly: "tools that write are denied"
    case .explainOnly: "no tool runs; I tell what would have happened"
    case .lockdown: "everything is denied, until the operator ends that"
    }
  }

  /// Why the mode alone denies a call; nil when it is not the mode.
  ///
  /// - Parameter supposed: what would come of the call otherwise.
  static func refusal(_ code: Denial.Code, supposed: @autoclosure () -> CallDecision?) -> String? {
    switch code {
    case .readOnly: "the robot is read-only at present, and this tool writes"
    case .lockdown: "the robot is locked down at present"
    case .explainOnly: "nothing runs at present. Otherwise " + (supposed().map(outcome) ?? "nobody could say: there are no rules")
    default: nil
    }
  }

  private static func outcome(_ decision: CallDecision) -> String {
    switch decision {
    case .allow: "it would run now"
    case .gate(let gates, _): "it would wait for consent: \(gates.map(\.name).joined(separator: ", "))"
    case .deny(let denial): "it would be denied as well: \(denial.code.rawValue)"
    }
  }
}

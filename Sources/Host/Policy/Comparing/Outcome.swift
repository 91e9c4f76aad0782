/// An answer in a form that can be compared and printed.
package struct Outcome: Sendable, CustomStringConvertible {
  /// `allow`, `gate two_admins`, `deny forbidden`.
  package let description: String
  /// Ids of the rules that made it so. Two outcomes may be the same for different reasons.
  package let rules: [String]

  package init(_ decision: CallDecision) {
    switch decision {
    case .allow(let rules): self.init(description: "allow", rules: rules)
    case .gate(let gates, let rules):
      self.init(description: "gate \(gates.map(\.name).joined(separator: ", "))", rules: rules)
    case .deny(let denial): self.init(denial)
    }
  }

  package init(_ verdict: Verdict) {
    switch verdict {
    case .allow(let rules): self.init(description: "allow", rules: rules)
    case .deny(let denial): self.init(denial)
    }
  }

  private init(_ denial: Denial) {
    self.init(description: "deny \(denial.code.rawValue)", rules: denial.rules)
  }

  private init(description: String, rules: [String]) {
    self.description = description
    self.rules = rules
  }

  /// `allow`, `gate` or `deny`: for metrics.
  package var word: String { String(description.prefix { $0 != " " }) }
}

extension RuleTest.Answer {
  /// In the same form.
  var shown: String {
    switch outcome {
    case .allow: "allow"
    case .gate: "gate \(gates.joined(separator: ", "))"
    case .deny: "deny \(reason ?? "")"
    }
  }
}

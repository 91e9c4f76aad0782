package import Policy

/// How far a gate is passed.
package struct GateProgress: Sendable, Equatable {
  package let gate: Gate
  /// People who stand for each factor.
  package let approvals: [Int]
  /// People who refused.
  package let denials: Int

  package init(_ gate: Gate, approvals: [Int]? = nil, denials: Int = 0) {
    self.gate = gate
    self.approvals = approvals ?? gate.factors.map { _ in 0 }
    self.denials = denials
  }

  package var isPassed: Bool { zip(approvals, gate.factors).allSatisfy { $0 >= $1.count } }
  package var isDenied: Bool { denials >= gate.denyQuorum }

  /// `gate two_keys: 0/1 by owner, 1/1 by admin`
  package var text: String {
    let factors = zip(approvals, gate.factors).map { have, factor in
      "\(have)/\(factor.count) by \(factor.roles.sorted().joined(separator: " or "))"
    }
    let refusals = denials > 0 ? "; \(denials)/\(gate.denyQuorum) refuse" : ""
    return "gate \(gate.name): \(factors.joined(separator: ", "))\(refusals)"
  }
}

/// Seats people at the factors of a gate, each at one only, so that as many seats are taken as can be.
///
/// Whoever fits two factors moves over when somebody comes who fits only one of them: the order of the votes must not matter.
package struct FactorSeats: Sendable {
  private let factors: [Gate.Factor]
  private var roles: [Set<String>] = []
  /// Who sits at each factor, by position in `roles`.
  private var seated: [[Int]]

  package init(of gate: Gate) {
    factors = gate.factors
    seated = gate.factors.map { _ in [] }
  }

  /// Lets one more person in.
  ///
  /// - Parameter roles: all that this person holds.
  package mutating func add(_ roles: some Sequence<String>) {
    guard !isFull else { return }
    self.roles.append(Set(roles))
    var tried: Set<Int> = []
    _ = seat(self.roles.count - 1, &tried)
  }

  /// Seats taken at each factor.
  package var taken: [Int] { seated.map(\.count) }

  /// Whether every factor holds.
  package var isFull: Bool { zip(seated, factors).allSatisfy { $0.count >= $1.count } }

  /// One augmenting path of a bipartite matching.
  private mutating func seat(_ person: Int, _ tried: inout Set<Int>) -> Bool {
    for factor in factors.indices where !roles[person].isDisjoint(with: factors[factor].roles) && tried.insert(factor).inserted {
      if seated[factor].count < factors[factor].count {
        seated[factor].append(person)
        return true
      }
      for (place, other) in seated[factor].enumerated() where seat(other, &tried) {
        seated[factor][place] = person
        return true
      }
    }
    return false
  }
}

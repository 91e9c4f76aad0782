/// The conditions of all rules, cut into what must be so one after the other. The frequent kinds of steps look at what was computed
/// before, or at one bit, and count no reference: a decision takes hundreds of them.
struct Steps: Sendable {
  private struct Step: Sendable {
    let wanted: Bool
    let test: Test
  }

  private enum Test: Sendable {
    case isInGroup(Expression.Variable, Int)
    case shared(slot: Int)
    case compare(Expression.Comparison, slot: Int, Int64)
    case like(slot: Int, pattern: Int)
    /// Anything else, and all of the above as long as their slot is empty: the expression itself.
    case expression
  }

  private var steps: [Step] = []
  /// By step.
  private var expressions: [Expression] = []
  private var patterns: [Pattern] = []
  /// By position of the rule.
  private var ranges: [Range<Int>] = []

  /// - Parameter conditions: those of each rule, with their common parts marked.
  init(_ conditions: [[Rule.Condition]]) {
    for conditions in conditions {
      let start = steps.count
      for condition in conditions { add(condition.expression, wanted: !condition.isUnless) }
      ranges.append(start..<steps.count)
    }
  }

  /// Whether all conditions of a rule hold.
  func hold(
    _ rule: Int, _ evaluator: inout Evaluator, _ principal: ResolvedEntity, _ resource: ResolvedEntity
  ) throws(EvaluationError) -> Bool {
    for index in ranges[rule] {
      let step = steps[index]
      let known: Bool? =
        switch step.test {
        case .isInGroup(let variable, let group): (variable == .principal ? principal : resource).isWithin(group)
        case .shared(let slot): evaluator.knownTruth(slot)
        case .compare(let comparison, let slot, let number):
          evaluator.knownLong(slot).map { comparison.holds($0, number) }
        case .like(let slot, let pattern): evaluator.isKnown(slot, like: patterns[pattern])
        case .expression: nil
        }
      let truth = if let known { known } else { try evaluator.bool(expressions[index]) }
      if truth != step.wanted { return false }
    }
    return true
  }

  /// In the order in which it would be evaluated, so that what errs errs as before.
  private mutating func add(_ expression: Expression, wanted: Bool) {
    switch expression.kind {
    case .and(let parts) where wanted: for part in parts { add(part, wanted: true) }
    case .or(let parts) where !wanted: for part in parts { add(part, wanted: false) }
    case .not(let operand): add(operand, wanted: !wanted)
    default:
      steps.append(Step(wanted: wanted, test: test(expression)))
      expressions.append(expression)
    }
  }

  private mutating func test(_ expression: Expression) -> Test {
    switch expression.kind {
    case .isInGroup(let variable, let group): return .isInGroup(variable, group)
    case .shared(let slot, _): return .shared(slot: slot)
    case .compare(let comparison, let left, let right):
      if case .shared(let slot, _) = left.kind, case .literal(.long(let number)) = right.kind {
        return .compare(comparison, slot: slot, number)
      }
      if case .literal(.long(let number)) = left.kind, case .shared(let slot, _) = right.kind {
        return .compare(comparison.turned, slot: slot, number)
      }
      return .expression
    case .like(let text, let pattern):
      guard case .shared(let slot, _) = text.kind else { return .expression }
      patterns.append(pattern)
      return .like(slot: slot, pattern: patterns.count - 1)
    default: return .expression
    }
  }
}

extension Expression.Comparison {
  func holds(_ left: Int64, _ right: Int64) -> Bool {
    switch self {
    case .less: left < right
    case .lessOrEqual: left <= right
    case .greater: left > right
    case .greaterOrEqual: left >= right
    }
  }

  /// The same with its sides exchanged.
  fileprivate var turned: Expression.Comparison {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

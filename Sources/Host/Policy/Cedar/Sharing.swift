/// Finds what conditions have in common. Rules of one house ask the same things over and over (`context.args has path`), and a
/// decision asks every rule; computing a common part once per request makes the cost grow with what is different.
struct Sharing {
  private var slots: [Expression: Int] = [:]

  /// How many slots an evaluator needs.
  var count: Int { slots.count }

  /// - Parameter conditions: those of each rule.
  init(_ conditions: [[Rule.Condition]]) {
    var seen: Set<Expression> = []
    for condition in conditions.joined() { note(condition.expression, &seen) }
  }

  private mutating func note(_ expression: Expression, _ seen: inout Set<Expression>) {
    switch expression.kind {
    case .literal, .variable, .isInGroup: return
    default: break
    }
    // Parts of something that is shared as a whole are not looked at again.
    guard seen.insert(expression).inserted else {
      if slots[expression] == nil { slots[expression] = slots.count }
      return
    }
    for child in expression.kind.children { note(child, &seen) }
  }

  /// The conditions with their common parts marked.
  func apply(to conditions: [Rule.Condition]) -> [Rule.Condition] {
    conditions.map { Rule.Condition(isUnless: $0.isUnless, expression: mark($0.expression)) }
  }

  private func mark(_ expression: Expression) -> Expression {
    let marked = Expression(expression.kind.mapChildren(mark), at: expression.span)
    return slots[expression].map { Expression(.shared(slot: $0, marked), at: expression.span) } ?? marked
  }
}

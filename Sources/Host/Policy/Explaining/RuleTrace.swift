/// What became of one rule in one question, and at which place it was decided.
package struct RuleTrace: Sendable, Equatable {
  package enum Verdict: Sendable, Equatable {
    case satisfied
    /// The head asks for another principal or resource.
    case otherPrincipal, otherResource
    /// The first condition that does not hold, as written; of an `unless`, the one that does.
    case condition(String)
    /// It could not be evaluated: names and types, never a value.
    case error(String)
  }

  package let rule: String
  package let isForbid: Bool
  /// A forbid that denies nothing yet.
  package let isOnTrial: Bool
  /// `policies/20-notes.cedar:5:8`: the rule, or the part of it that decided.
  package let place: String
  package let verdict: Verdict
  /// How many things stand between the question and this rule.
  package let obstacles: Int
}

extension RuleSet {
  /// What became of every rule that the action asks, in file order.
  func trace(_ request: Request, _ entities: EntityStore) -> [RuleTrace] {
    positions(for: request.action).map { position in
      var tracer = Tracer(rule: rules[position], request: request, entities: entities)
      return tracer.trace()
    }
  }
}

/// Follows one rule to the place where it is decided.
private struct Tracer {
  let rule: Rule
  let request: Request
  let entities: EntityStore
  private var evaluator: Evaluator

  init(rule: Rule, request: Request, entities: EntityStore) {
    self.rule = rule
    self.request = request
    self.entities = entities
    evaluator = Evaluator(request: request, entities: entities)
  }

  mutating func trace() -> RuleTrace {
    let failing = failingConditions()
    let fits = (rule.principal.holds(of: request.principal, entities), rule.resource.holds(of: request.resource, entities))
    let obstacles = failing.count + (fits.0 ? 0 : 1) + (fits.1 ? 0 : 1)
    if !fits.0 { return trace(.otherPrincipal, at: rule.span, obstacles) }
    if !fits.1 { return trace(.otherResource, at: rule.span, obstacles) }
    guard let first = failing.first else { return trace(.satisfied, at: rule.span, 0) }
    return trace(first.verdict, at: first.span, obstacles)
  }

  private func trace(_ verdict: RuleTrace.Verdict, at span: Span, _ obstacles: Int) -> RuleTrace {
    RuleTrace(
      rule: rule.id, isForbid: rule.effect == .forbid, isOnTrial: rule.trial != nil, place: rule.source.place(of: span),
      verdict: verdict, obstacles: obstacles)
  }

  private mutating func failingConditions() -> [(verdict: RuleTrace.Verdict, span: Span)] {
    var failing: [(RuleTrace.Verdict, Span)] = []
    for condition in rule.conditions {
      for part in condition.isUnless ? [condition.expression] : condition.expression.conjuncts {
        do {
          if try evaluator.bool(part) == condition.isUnless { failing.append((.condition(text(part.span)), part.span)) }
        } catch {
          // What stands behind a guard that failed may well err; it would not have been evaluated.
          if failing.isEmpty { failing.append((.error(error.reason.description), error.span)) }
          return failing
        }
      }
    }
    return failing
  }

  private func text(_ span: Span) -> String {
    let words = String(decoding: rule.source.bytes[span.start..<span.end], as: UTF8.self)
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words.count > 120 ? "\(words.prefix(119))…" : words
  }
}

extension Expression {
  /// The parts that must all hold, nested conjunctions included.
  fileprivate var conjuncts: [Expression] {
    if case .and(let parts) = kind { parts.flatMap(\.conjuncts) } else { [self] }
  }
}

extension Rule.Constraint {
  fileprivate func holds(of uid: EntityUID, _ entities: EntityStore) -> Bool {
    switch self {
    case .any: true
    case .equal(let wanted): uid == wanted
    case .within(let groups): groups.contains { entities.contains(uid, within: $0) }
    case .type(let type): uid.type == type
    case .typeWithin(let type, let group): uid.type == type && entities.contains(uid, within: group)
    }
  }
}

import Testing

@testable import Policy

@Suite("What rules have in common")
struct SharingTests {
  /// Each stands beside others that ask the same things.
  private static let conditions = [
    "when { context.n > 3 }", "when { 3 < context.n }", "when { context.n >= 3 }", "when { 3 <= context.n }",
    "when { context.n < 3 }", "when { 3 > context.n }", "when { context.n <= 3 }", "when { 3 >= context.n }",
    "unless { context.n > 3 || principal in Role::\"a\" }", "unless { principal in Role::\"b\" || context.n > 3 }",
    "when { context has s && context.s like \"x*\" }", "when { context has s && !(context.s like \"*y\") }",
    "unless { context has s } when { context.n == 3 }", "when { !(context has s || context.n > 3) }",
    "when { context.flag }", "when { !context.flag } unless { context.n > 3 }", "when { context.s }",
    "when { context.flag like \"x\" }",
    "when { if context.flag then principal in Role::\"a\" else context.n > 3 }",
    "unless { context.s like \"x*\" || context.n > 3 }",
    "when { resource in Role::\"a\" || principal in Role::\"a\" }", "when { context.n + 9223372036854775807 > 3 }",
  ]

  private static let contexts: [[Text: Value]] = [
    ["n": .long(2), "flag": .bool(true)], ["n": .long(3), "flag": .bool(false), "s": .string("xy")],
    ["n": .long(4), "flag": .bool(true), "s": .string("y")], ["n": .string("x"), "flag": .long(1)], [:],
  ]

  @Test("changes nothing of what each of them says alone", arguments: [["a"], ["b"], []])
  func together(roles: [String]) throws {
    let store = EntityStore([
      Entity(uid: EntityUID("User", "u"), ancestors: roles.map { EntityUID("Role", $0) }),
      Entity(uid: EntityUID("Tool", "t"), ancestors: [EntityUID("Role", "b")]),
    ])
    let all = try Self.conditions.enumerated().map { index, condition in
      try rules("@id(\"r\(index)\") permit (principal, action, resource) \(condition);")[0]
    }
    let together = RuleSet(all)
    for context in Self.contexts {
      let request = Request(
        principal: EntityUID("User", "u"), action: EntityUID("Action", "call"), resource: EntityUID("Tool", "t"), context: context
      )
      let answer = together.authorize(request, store)
      for (index, rule) in all.enumerated() {
        var (holds, error): (Bool, EvaluationError.Reason?) = (false, nil)
        do { holds = try Self.plainly(rule, request, store) } catch let failure as EvaluationError { error = failure.reason }
        #expect(answer.permits.contains(index) == holds, "\(Self.conditions[index]) in \(context)")
        #expect(answer.errors.first { $0.rule == index }?.error.reason == error, "\(Self.conditions[index]) in \(context)")
      }
    }
  }

  /// Condition by condition, with nothing computed before and nothing prepared.
  private static func plainly(_ rule: Rule, _ request: Request, _ store: EntityStore) throws -> Bool {
    var evaluator = Evaluator(request: request, entities: store)
    for condition in rule.conditions where try evaluator.bool(condition.expression) == condition.isUnless { return false }
    return true
  }
}

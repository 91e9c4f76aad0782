/// Holds rules against a schema: names, types, and whether they can ever match.
struct RuleChecker {
  let schema: Schema
  let environments: [RequestEnvironment]

  init(_ schema: Schema, _ environments: [RequestEnvironment]) {
    self.schema = schema
    self.environments = environments
  }

  /// Everything that would err, and whether nothing can ever come of the rule.
  func findings(in rule: Rule) -> (problems: [PolicyProblem], neverMatches: Bool) {
    var problems = unknownNames(in: rule)
    var seen: Set<TypeChecker.Finding> = []
    var mayHold = false
    for environment in environments where rule.mayConcern(environment, in: schema) {
      var checker = TypeChecker(schema, environment)
      if checker.mayHold(rule.conditions) || !checker.findings.isEmpty { mayHold = true }
      for finding in checker.findings where seen.insert(finding).inserted {
        problems.append(
          rule.source.problem(
            finding.message + (environment.thing.map { ", in a call of \($0.uid)" } ?? ""), at: finding.span, help: finding.help,
            code: finding.code.problemCode))
      }
    }
    return (problems, !mayHold && problems.isEmpty)
  }

  /// Types, actions and fixed entities that the schema does not have.
  private func unknownNames(in rule: Rule) -> [PolicyProblem] {
    rule.mentions.compactMap { mention in
      switch mention.kind {
      case .contextAttribute: nil
      case .type(let type): unknownType(type, in: rule, at: mention.span)
      case .entity(let uid): unknownEntity(uid, in: rule, at: mention.span)
      }
    }
  }

  private var actionTypes: Set<Text> { Set(schema.actions.keys.map(\.type)) }

  private func unknownType(_ type: Text, in rule: Rule, at span: Span) -> PolicyProblem? {
    guard schema.entityTypes[type] == nil, !actionTypes.contains(type) else { return nil }
    return rule.source.problem(
      "unknown entity type `\(type)`", at: span, help: suggestion(for: type.string, among: schema.entityTypes.keys.map(\.string)),
      code: .unknownName)
  }

  private func unknownEntity(_ uid: EntityUID, in rule: Rule, at span: Span) -> PolicyProblem? {
    if actionTypes.contains(uid.type) || uid.type == "Action" || uid.type.string.hasSuffix("::Action") {
      guard schema.actions[uid] == nil else { return nil }
      return rule.source.problem(
        "unknown action `\(uid.id)`", at: span, help: suggestion(for: uid.id.string, among: schema.actions.keys.map(\.id.string)),
        code: .unknownName)
    }
    if let unknown = unknownType(uid.type, in: rule, at: span) { return unknown }
    guard let ids = schema.entityTypes[uid.type]?.ids, !ids.contains(uid.id) else { return nil }
    let known = ids.map(\.string).sorted()
    return rule.source.problem(
      "unknown \(uid.type) `\(uid.id)`", at: span,
      help: suggestion(for: uid.id.string, among: known) ?? Self.list(known), code: .unknownName)
  }

  private static func list(_ known: [String]) -> String {
    known.isEmpty ? "there are none" : "known: \(known.prefix(12).joined(separator: ", "))\(known.count > 12 ? ", …" : "")"
  }
}

extension TypeChecker.Finding.Code {
  fileprivate var problemCode: PolicyProblem.Code {
    switch self {
    case .unknownName: .unknownName
    case .unguardedOptional: .unguardedOptional
    case .typeMismatch: .typeMismatch
    case .fraction: .fraction
    }
  }
}

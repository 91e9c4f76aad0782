/// The names rules may use. A rule that names something else could never match, and a forbid that never matches protects
/// nothing; such a rule is refused when it is loaded.
enum Vocabulary {
  enum Action: String, CaseIterable {
    case call, auto, approve, use

    var uid: EntityUID { EntityUID("Action", rawValue) }
  }

  static let entityTypes = ["User", "Role", "Skill", "Tool", "Toolset", "Effect", "Capability", "Scene", "SceneKind", "Action"]
  static let contextAttributes = [
    "args", "untyped", "requester", "origin", "scene", "channel", "effect", "minute", "weekday", "mode",
  ]
  static let annotations = ["id", "gate", "mode", "description"]

  /// What in `rule` names something that does not exist, or promises what would not happen.
  static func problems(of rule: Rule, gates: Set<String>, toolsets: [String]) -> [PolicyProblem] {
    problems(ofMentions: rule, toolsets: toolsets) + problems(ofAnnotations: rule, gates: gates) + problems(ofScope: rule)
  }

  private static func problems(ofMentions rule: Rule, toolsets: [String]) -> [PolicyProblem] {
    rule.mentions.compactMap { mention in
      switch mention.kind {
      case .type(let type): unknown("entity type", type, of: rule, at: mention.span, known: entityTypes)
      case .contextAttribute(let name): unknown("context attribute", name, of: rule, at: mention.span, known: contextAttributes)
      case .entity(let uid):
        if let known = uid.type == "Toolset" ? toolsets : members(of: uid.type) {
          unknown(uid.type.string, uid.id, of: rule, at: mention.span, known: known)
        } else {
          unknown("entity type", uid.type, of: rule, at: mention.span, known: entityTypes)
        }
      }
    }
  }

  /// All entities of a type that has a fixed set of them.
  private static func members(of type: Text) -> [String]? {
    switch type {
    case "Action": Action.allCases.map(\.rawValue)
    case "Effect": ["read", "write"]
    case "SceneKind": ["group", "private", "guild", "guild-private"]
    default: nil
    }
  }

  private static func unknown(
    _ what: String, _ name: Text, of rule: Rule, at span: Span, known: [String]
  ) -> PolicyProblem? {
    guard !known.contains(where: { Text($0) == name }) else { return nil }
    return rule.source.problem(
      "unknown \(what) `\(name)`", at: span,
      help: suggestion(for: name.string, among: known)
        ?? (known.isEmpty ? "there is none" : "known: \(known.joined(separator: ", "))"), code: .unknownName)
  }

  private static func problems(ofAnnotations rule: Rule, gates: Set<String>) -> [PolicyProblem] {
    var problems = rule.annotations.compactMap { annotation in
      unknown("annotation", Text(annotation.name), of: rule, at: annotation.span, known: annotations)
    }
    problems += trialProblems(of: rule)
    guard let gate = rule.annotation("gate") else { return problems }
    if !gates.contains(gate.value.string) {
      problems.append(
        rule.source.problem(
          "unknown gate `\(gate.value)`", at: gate.span,
          help: suggestion(for: gate.value.string, among: gates)
            ?? "gates.yaml has: \(gates.sorted().joined(separator: ", "))", code: .unknownName))
    }
    if rule.effect == .forbid || !rule.mayMatch(.call) {
      problems.append(
        rule.source.problem(
          "a gate on this rule has no effect", at: gate.span, help: "@gate belongs on a permit of Action::\"call\""))
    }
    return problems
  }

  /// A rule on trial must be one that denies calls: nothing else would be recorded.
  private static func trialProblems(of rule: Rule) -> [PolicyProblem] {
    guard let mode = rule.annotation("mode") else { return [] }
    let known = Rule.Trial.allCases.map(\.rawValue)
    var problems: [PolicyProblem] = []
    if let unknown = unknown("mode", mode.value, of: rule, at: mode.span, known: known) { problems.append(unknown) }
    let actions = rule.action.entities
    let isAboutCalls = !actions.isEmpty && actions.allSatisfy { [Action.call.uid, Action.auto.uid].contains($0) }
    if rule.effect == .permit {
      problems.append(
        rule.source.problem(
          "a permit cannot be on trial", at: mode.span,
          help: "@mode belongs on a forbid; to try out a permit, use policies/shadow",
          code: .misplacedMode))
    } else if !isAboutCalls {
      problems.append(
        rule.source.problem(
          "a forbid on trial must name Action::\"call\" or Action::\"auto\" alone", at: mode.span,
          help: "action == Action::\"call\"", code: .misplacedMode))
    }
    return problems
  }

  private static func problems(ofScope rule: Rule) -> [PolicyProblem] {
    guard rule.effect == .permit, rule.action == .any else { return [] }
    return [
      rule.source.problem(
        "this permit allows every action, approving included", at: rule.span,
        help: "name what it permits: action == Action::\"call\"", code: .permitsEverything)
    ]
  }
}

extension Rule {
  func mayMatch(_ action: Vocabulary.Action) -> Bool {
    self.action == .any || self.action.entities.contains(action.uid)
  }
}

import Core

/// Everything that can be said of a folder of rules without a request.
package struct PolicyCheck: Sendable {
  package let rules: Int
  /// What is wrong, by file, line and column.
  package let problems: [PolicyProblem]
  /// What is doubtful.
  package let warnings: [PolicyProblem]

  /// Reads a folder and holds its rules against the world. Blocks on the disk: not for the cooperative pool.
  package init(directory: String, world: RuleWorld) {
    do {
      self.init(try PolicyFolder.read(directory), in: directory, strangers: PolicyFolder.strangers(in: directory), world: world)
    } catch {
      self.init(rules: 0, problems: error.problems, warnings: [])
    }
  }

  private init(rules: Int, problems: [PolicyProblem], warnings: [PolicyProblem]) {
    self.rules = rules
    self.problems = problems
    self.warnings = warnings
  }

  init(_ files: [SourceFile], in directory: String, strangers: [String] = [], world: RuleWorld) {
    let draft = PolicyDraft(files, in: directory)
    let roles = draft.roles ?? RolesTable()
    let house = HouseSchema(world, roles: roles, gates: draft.gates, toolsets: draft.toolsets)
    var problems = draft.problems
    var warnings = PolicySnapshot.warnings([], roles, draft.gates)
    // One mistake has one message: a rule with a name that nobody has is not looked into any further.
    let known = Set(draft.problems.map { "\($0.file):\($0.line ?? 0)" })
    for rule in draft.rules {
      let isDone = rule.mentions.contains {
        known.contains("\(rule.source.name):\(rule.source.position(of: $0.span.start).line)")
      }
      if isDone { continue }
      let found = Self.findings(in: rule, house, roles)
      problems += found.problems
      warnings += found.warnings
    }
    if !world.tools.isEmpty {
      problems += Self.idlePatterns(draft.toolsets, world) + draft.limits.idle(tools: world.tools.map(\.name))
    }
    problems += files.filter { $0.name.hasSuffix(".cedar") }.flatMap(MixedScript.problems)
    problems += strangers.map { name in
      PolicyProblem(
        file: "\(directory)/\(name)", message: "nobody reads this file",
        help: suggestion(for: name, among: PolicyFolder.tables) ?? "tables are \(PolicyFolder.tables.joined(separator: ", "))",
        code: .unknownName)
    }
    self.init(rules: draft.rules.count, problems: problems.inOrder, warnings: warnings.inOrder)
  }

  private static func findings(
    in rule: Rule, _ house: HouseSchema, _ roles: RolesTable
  ) -> (problems: [PolicyProblem], warnings: [PolicyProblem]) {
    let particular = house.particular.filter { rule.mayConcern($0, in: house.schema) }
    let checked = RuleChecker(house.schema, particular.isEmpty ? house.general : particular).findings(in: rule)
    let problems = checked.problems + people(in: rule, roles) + scenes(in: rule)
    guard problems.isEmpty, checked.neverMatches else { return (problems, []) }
    // What is called by name and known holds no surprise.
    let isCertain = particular.isEmpty || particular.contains { $0.thing.map { rule.resource == .equal($0.uid) } == true }
    if isCertain || RuleChecker(house.schema, house.general).findings(in: rule).neverMatches {
      return ([rule.source.problem("this rule can never match", at: rule.span, code: .neverMatches)], [])
    }
    // A forbid may well be meant for tools that are still to come.
    guard rule.effect == .permit else { return ([], []) }
    return ([], [rule.source.problem("no tool that is loaded can match this rule", at: rule.span, code: .neverMatches)])
  }

  /// People are named by their name in roles.yaml, strangers by their id.
  private static func people(in rule: Rule, _ roles: RolesTable) -> [PolicyProblem] {
    rule.mentions.compactMap { mention in
      guard case .entity(let uid) = mention.kind, uid.type == "User" else { return nil }
      let name = uid.id.string
      if let person = roles.subject(name).person {
        return rule.source.problem(
          "this id is one of `\(person)`, and rules know them by that name", at: mention.span, help: "User::\"\(person)\"",
          code: .unknownName)
      }
      guard !name.contains(":"), !roles.people.contains(where: { $0.name == name }) else { return nil }
      return rule.source.problem(
        "unknown person `\(name)`", at: mention.span,
        help: suggestion(for: name, among: roles.people.map(\.name))
          ?? "roles.yaml names people; a stranger has an id with a colon",
        code: .unknownName)
    }
  }

  private static func scenes(in rule: Rule) -> [PolicyProblem] {
    let kinds = Scene.Kind.allCases.map(\.rawValue)
    return rule.mentions.compactMap { mention in
      guard case .entity(let uid) = mention.kind, uid.type == "Scene" else { return nil }
      let kind = uid.id.string.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard kind.count != 2 || !kinds.contains(kind[0]) || kind[1].isEmpty else { return nil }
      return rule.source.problem(
        "unknown scene `\(uid.id)`", at: mention.span,
        help: kind.first.flatMap { suggestion(for: $0, among: kinds) }
          ?? "Scene::\"group:<id>\"; kinds: \(kinds.joined(separator: ", "))",
        code: .unknownName)
    }
  }

  private static func idlePatterns(_ table: ToolsetsTable, _ world: RuleWorld) -> [PolicyProblem] {
    table.toolsets.flatMap(\.patterns).compactMap { pattern in
      guard let source = table.source, !world.tools.contains(where: { pattern.pattern.matches(Text($0.name)) }) else {
        return nil
      }
      return source.problem(
        "no tool is called `\(pattern.text)`", line: pattern.line, column: pattern.column,
        help: suggestion(for: pattern.text, among: world.tools.map(\.name)), code: .unknownName)
    }
  }
}

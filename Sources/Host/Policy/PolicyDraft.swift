/// What the files of a folder hold, right or wrong.
struct PolicyDraft {
  private(set) var rules: [Rule] = []
  /// Nil when there is no such file.
  private(set) var roles: RolesTable?
  private(set) var gates = GatesTable([])
  private(set) var toolsets = ToolsetsTable()
  private(set) var limits = LimitsTable()
  /// Everything that keeps it from being taken.
  private(set) var problems: [PolicyProblem] = []

  /// - Parameter files: sorted by name.
  init(_ files: [SourceFile], in directory: String) {
    for file in files { take(file) }
    for rule in rules { problems += Vocabulary.problems(of: rule, gates: gates.names, toolsets: toolsets.toolsets.map(\.name)) }
    problems += limits.problems(toolsets: toolsets.toolsets.map(\.name))
    problems += Self.repeatedIDs(rules)
    if rules.count > Parser.maximumRules {
      problems.append(PolicyProblem(file: directory, message: "\(rules.count) rules; at most \(Parser.maximumRules) are allowed"))
    }
    if rules.isEmpty, problems.isEmpty {
      problems.append(PolicyProblem(file: directory, message: "no rules", help: "put at least one rule into a *.cedar file"))
    }
    if roles == nil {
      problems.append(PolicyProblem(file: directory, message: "no \(RolesTable.fileName)", help: "create it with: people: []"))
    }
  }

  private mutating func take(_ file: SourceFile) {
    switch String(file.baseName) {
    case RolesTable.fileName:
      let read = RolesTable.read(file)
      roles = read.table
      problems += read.problems
    case GatesTable.fileName:
      let read = GatesTable.read(file)
      gates = read.table
      problems += read.problems
    case ToolsetsTable.fileName:
      let read = ToolsetsTable.read(file)
      toolsets = read.table
      problems += read.problems
    case LimitsTable.fileName:
      let read = LimitsTable.read(file)
      limits = read.table
      problems += read.problems
    default:
      let parsed = Parser.parse(file)
      rules += parsed.rules
      problems += parsed.problems
    }
  }

  private static func repeatedIDs(_ rules: [Rule]) -> [PolicyProblem] {
    var first: [String: Rule] = [:]
    return rules.compactMap { rule in
      guard let earlier = first[rule.id] else {
        first[rule.id] = rule
        return nil
      }
      return rule.source.problem(
        "rule id `\(rule.id)` is already taken", at: rule.annotation("id")?.span ?? rule.span,
        help: "the other one is at \(earlier.source.place(of: earlier.span))", code: .duplicateID)
    }
  }
}

/// One complete, checked set of rules and tables. Never changes; a decision that started on it ends on it.
package final class PolicySnapshot: Sendable {
  /// Digest over all files by name and content: what audit records say was in force.
  package let id: String
  let rules: RuleSet
  let roles: RolesTable
  let gates: GatesTable
  let toolsets: ToolsetsTable
  let limits: LimitsTable
  /// Doubtful, yet not wrong: for `policy check`.
  package let warnings: [PolicyProblem]

  /// Ids of all rules, sorted.
  package var ruleIDs: [String] { rules.rules.map(\.id).sorted() }

  /// Everybody with a name, in file order.
  package var people: [Person] { roles.people }

  /// Who this id is, and what roles it holds.
  package func subject(_ id: String) -> Subject { roles.subject(id) }

  /// The gate of that name, as it is now.
  package func gate(named name: String) -> Gate? { gates[name] }

  init(
    id: String, rules: [Rule], roles: RolesTable, gates: GatesTable, toolsets: ToolsetsTable = ToolsetsTable(),
    limits: LimitsTable = LimitsTable()
  ) {
    self.id = id
    let set = RuleSet(rules, onTrial: Set(rules.indices.filter { rules[$0].trial != nil }))
    self.rules = set
    self.roles = roles.mapEntities(set.prepared)
    self.gates = gates
    self.toolsets = toolsets
    self.limits = limits
    warnings = Self.warnings(rules, roles, gates)
  }

  /// The same rules over other people.
  private init(_ other: PolicySnapshot, roles: RolesTable) {
    id = other.id
    rules = other.rules
    self.roles = roles
    gates = other.gates
    toolsets = other.toolsets
    limits = other.limits
    warnings = other.warnings
  }

  /// The same rules, over people who are enrolled as well.
  package func adding(_ enrolled: [Person]) -> PolicySnapshot {
    enrolled.isEmpty ? self : PolicySnapshot(self, roles: roles.adding(enrolled).mapEntities(rules.prepared))
  }

  /// As if this id held exactly these roles.
  func giving(_ roles: [String], to id: String) -> PolicySnapshot {
    PolicySnapshot(self, roles: self.roles.giving(roles, to: id))
  }

  /// Roles that nobody holds: either nobody yet, or a misspelt name.
  static func warnings(_ rules: [Rule], _ roles: RolesTable, _ gates: GatesTable) -> [PolicyProblem] {
    let held = roles.roles
    let inRules = rules.flatMap { rule in
      rule.mentions.compactMap { mention -> PolicyProblem? in
        guard case .entity(let uid) = mention.kind, uid.type == "Role", !held.contains(uid.id.string) else { return nil }
        return rule.source.problem(
          "nobody holds the role `\(uid.id)`", at: mention.span, help: suggestion(for: uid.id.string, among: held))
      }
    }
    let inGates = gates.all.filter { $0.factors.contains { held.isDisjoint(with: $0.roles) } }.map { gate in
      PolicyProblem(
        file: GatesTable.fileName,
        message: "nobody can pass the gate `\(gate.name)`: no one holds any of the roles that it asks for")
    }
    return inRules + inGates
  }
}

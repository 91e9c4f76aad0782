/// The tables of `policies/tests`, run against a snapshot.
package struct RuleTests: Sendable {
  package let count: Int
  /// Tests that failed, and tables that cannot be read.
  package let problems: [PolicyProblem]
  /// Rules that no test ever satisfies, by id.
  package let neverSatisfied: [String]
  /// Rules that were never asked without being satisfied.
  package let neverRefused: [String]

  /// Whether every rule was seen both ways.
  package var coversEverything: Bool { neverSatisfied.isEmpty && neverRefused.isEmpty }

  /// Tests that all tables together may hold.
  static let largest = 10_000

  /// Reads a folder's rules and tests and runs them. Blocks on the disk: not for the cooperative pool.
  ///
  /// - Throws: what is wrong with the rules and tables themselves.
  package static func run(directory: String) throws(PolicyError) -> RuleTests {
    let files = try PolicyFiles(directory: directory)
    return run(files.tests, on: try PolicySnapshot.make(from: files.rules, in: files.place))
  }

  static func run(_ tables: [SourceFile], on snapshot: PolicySnapshot) -> RuleTests {
    var problems: [PolicyProblem] = []
    var tests: [RuleTest] = []
    for table in tables {
      var reader = TableReader(table)
      tests += reader.ruleTests(gates: snapshot.gates.names, rules: Set(snapshot.ruleIDs))
      problems += reader.problems
    }
    if tests.count > largest, let first = tables.first {
      problems.append(first.problem("\(tests.count) tests; at most \(largest) are allowed", line: 1, column: 1))
      tests = []
    }
    var satisfied: Set<Int> = []
    var refused: Set<Int> = []
    for test in tests {
      let answer = test.answer(of: snapshot)
      if let complaint = test.complaint(about: answer) {
        problems.append(test.source.problem(complaint, line: test.line, column: test.column, code: .testFailed))
      }
      for (action, asked) in answer.asked {
        let holding = Set(asked.permits + asked.forbids + asked.trials)
        let erring = Set(asked.errors.map(\.rule))
        satisfied.formUnion(holding)
        refused.formUnion(snapshot.rules.positions(for: action.uid).filter { !holding.contains($0) && !erring.contains($0) })
      }
    }
    let rules = snapshot.rules.rules
    return RuleTests(
      count: tests.count, problems: problems.inOrder,
      neverSatisfied: rules.indices.filter { !satisfied.contains($0) }.map { rules[$0].id },
      neverRefused: rules.indices.filter { !refused.contains($0) }.map { rules[$0].id })
  }
}

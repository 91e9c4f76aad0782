import Core

/// What two sets of rules answer differently.
package struct PolicyDiff: Sendable {
  /// One question with two answers.
  package struct Change: Sendable {
    /// The audited call's place in the log; nil for a test.
    package let sequence: Int64?
    /// The tool that was called, or the test's name.
    package let name: String
    package let before: String
    package let after: String
    /// Ids of the rules behind each answer.
    package let rulesBefore: [String]
    package let rulesAfter: [String]
  }

  /// A call that was decided once.
  package struct PastCall: Sendable {
    package let sequence: Int64
    package let question: CallQuestion

    package init(sequence: Int64, question: CallQuestion) {
      self.sequence = sequence
      self.question = question
    }
  }

  package private(set) var changes: [Change] = []
  /// How many tests were asked.
  package private(set) var tests = 0

  /// Asks both all past calls, as they would be decided in normal mode, and all tests of either.
  /// Computes for a while: not for the cooperative pool.
  ///
  /// - Throws: what is wrong with the rules of either; their tests need not pass.
  package init(from before: PolicyFiles, to after: PolicyFiles, calls: [PastCall]) throws(PolicyError) {
    let old = try PolicySnapshot.make(from: before.rules, in: before.place)
    let new = try PolicySnapshot.make(from: after.rules, in: after.place)
    for call in calls {
      let outcomes = [old, new].map { Outcome($0.decideCall(call.question, mode: .normal)) }
      note(call.sequence, call.question.tool.name, outcomes.map { ($0.description, $0.rules) })
    }
    // Of a test that both have, one change is enough; the names of rules and gates in it need to exist in one of them only.
    var seen: Set<[String]> = []
    for (files, snapshot) in [(before, old), (after, new)] {
      for table in files.tests {
        var reader = TableReader(table)
        for test in reader.ruleTests(gates: snapshot.gates.names, rules: Set(snapshot.ruleIDs)) {
          tests += 1
          let answers = [old, new].map { test.answer(of: $0) }
          guard seen.insert([test.name] + answers.map(\.shown)).inserted else { continue }
          note(nil, test.name, answers.map { ($0.shown, $0.rules) })
        }
        guard reader.problems.isEmpty else { throw PolicyError(problems: reader.problems) }
      }
    }
  }

  private mutating func note(_ sequence: Int64?, _ name: String, _ answers: [(shown: String, rules: [String])]) {
    guard answers[0].shown != answers[1].shown else { return }
    changes.append(
      Change(
        sequence: sequence, name: name, before: answers[0].shown, after: answers[1].shown, rulesBefore: answers[0].rules,
        rulesAfter: answers[1].rules))
  }
}

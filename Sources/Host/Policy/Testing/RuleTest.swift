import Core

/// One question with the answer that must come, from a table in `policies/tests`.
struct RuleTest: Sendable {
  enum Question: Sendable {
    case call(CallQuestion, roles: [String]?)
    case approve(CallQuestion, approver: String, roles: [String]?, gate: String)
    case use(UseQuestion)
  }

  struct Expectation: Sendable {
    let outcome: Outcome
    /// All that decided, in any order; nil where it does not matter.
    let rules: [String]?
    let gates: [String]?
    let reason: String?
    /// Forbids on trial that would have denied it.
    let trials: [String]?
  }

  enum Outcome: String, Sendable, CaseIterable {
    case allow, gate, deny
  }

  let name: String
  let question: Question
  let mode: Mode
  let expectation: Expectation
  let source: SourceFile
  let line: Int
  let column: Int
}

extension RuleTest {
  /// What a snapshot says.
  struct Answer {
    let outcome: Outcome
    let rules: [String]
    let gates: [String]
    let reason: String?
    var trials: [String] = []
    /// Everything that was asked, for coverage.
    let asked: [(action: Vocabulary.Action, answer: Authorization)]
  }

  func answer(of snapshot: PolicySnapshot) -> Answer {
    switch question {
    case .call(let question, let roles):
      let snapshot = roles.map { snapshot.giving($0, to: question.requester) } ?? snapshot
      let answers = snapshot.answers(to: question, mode: mode)
      let asked = [(Vocabulary.Action.call, answers.call)] + (answers.auto.map { [(Vocabulary.Action.auto, $0)] } ?? [])
      let ruling = snapshot.ruling(on: question, mode: mode)
      let trials = ruling.trials.map(\.rule)
      switch ruling.decision {
      case .allow(let rules): return Answer(outcome: .allow, rules: rules, gates: [], reason: nil, trials: trials, asked: asked)
      case .gate(let gates, let rules):
        return Answer(outcome: .gate, rules: rules, gates: gates.map(\.name), reason: nil, trials: trials, asked: asked)
      case .deny(let denial):
        return Answer(outcome: .deny, rules: denial.rules, gates: [], reason: denial.code.rawValue, asked: asked)
      }
    case .approve(let question, let approver, let roles, let gate):
      let snapshot = roles.map { snapshot.giving($0, to: approver) } ?? snapshot
      let verdict = snapshot.mayApprove(question, approver: approver, gate: snapshot.gates[gate] ?? .builtIn, mode: mode)
      return Self.answer(verdict, .approve, snapshot.answer(to: question, approver: approver, mode: mode))
    case .use(let question):
      return Self.answer(snapshot.mayUse(question, mode: mode), .use, snapshot.answer(to: question, mode: mode))
    }
  }

  private static func answer(_ verdict: Verdict, _ action: Vocabulary.Action, _ asked: Authorization) -> Answer {
    switch verdict {
    case .allow(let rules): Answer(outcome: .allow, rules: rules, gates: [], reason: nil, asked: [(action, asked)])
    case .deny(let denial):
      Answer(outcome: .deny, rules: denial.rules, gates: [], reason: denial.code.rawValue, asked: [(action, asked)])
    }
  }

  /// How the answer differs from what must come; nil when it does not.
  func complaint(about answer: Answer) -> String? {
    var differences: [String] = []
    if answer.outcome != expectation.outcome {
      let reason = answer.reason.map { " (\($0))" } ?? ""
      differences.append("\(answer.outcome.rawValue)\(reason) and not \(expectation.outcome.rawValue)")
    }
    if let reason = expectation.reason, answer.outcome == .deny, reason != answer.reason {
      differences.append("the reason is \(answer.reason ?? "none") and not \(reason)")
    }
    if let rules = expectation.rules, Set(rules) != Set(answer.rules) {
      differences.append("decided by \(Self.list(answer.rules)) and not by \(Self.list(rules))")
    }
    if let gates = expectation.gates, Set(gates) != Set(answer.gates) {
      differences.append("the gates are \(Self.list(answer.gates)) and not \(Self.list(gates))")
    }
    if let trials = expectation.trials, Set(trials) != Set(answer.trials) {
      differences.append("on trial are \(Self.list(answer.trials)) and not \(Self.list(trials))")
    }
    return differences.isEmpty ? nil : "`\(name)`: \(differences.joined(separator: "; "))"
  }

  private static func list(_ names: [String]) -> String {
    names.isEmpty ? "nothing" : Set(names).sorted().joined(separator: ", ")
  }
}

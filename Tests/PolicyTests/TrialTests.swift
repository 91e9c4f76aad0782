import Core
import Testing

@testable import Policy

@Suite("Rules on trial")
struct TrialTests {
  private static let forbid = "forbid (principal, action == Action::\"call\", resource == Tool::\"tickets.list\")"

  @Test(
    "a forbid on trial denies nothing and is told of",
    arguments: [("audit", nil), ("warn", "from May on")] as [(String, String?)])
  func trial(mode: String, warning: String?) throws {
    let snapshot = try snapshot(adding: "@id(\"soon\") @mode(\"\(mode)\") @description(\"from May on\") \(Self.forbid);")
    let ruling = snapshot.ruling(on: Example.call(Example.read), mode: .normal)
    #expect(ruling.decision == .allow(rules: ["member-read", "auto-read"]))
    #expect(ruling.trials == [TrialForbid(rule: "soon", warning: warning)])
    #expect(snapshot.ruling(on: Example.call(Example.write), mode: .normal).trials.isEmpty)
    // What is denied anyway needs no note.
    #expect(snapshot.ruling(on: Example.call(Example.read), mode: .explainOnly).trials.isEmpty)
  }

  @Test("a table of tests says which forbids on trial would have denied a call")
  func tables() throws {
    let snapshot = try snapshot(adding: "@id(\"soon\") @mode(\"audit\") \(Self.forbid);")
    func run(_ trials: String) -> RuleTests {
      let table = """
        - name: t
          call: { user: "a:b", roles: [member], tool: tickets.list, effect: read }
          expect: { outcome: allow, trials: [\(trials)] }
        """
      return RuleTests.run([SourceFile(name: "t.yaml", text: table)], on: snapshot)
    }
    #expect(run("soon").problems.isEmpty && !run("soon").neverSatisfied.contains("soon"))
    #expect(run("").problems.map(\.message) == ["`t`: on trial are soon and not nothing"])
  }

  @Test("one that cannot be evaluated denies nothing either")
  func error() throws {
    let snapshot = try snapshot(adding: "@id(\"soon\") @mode(\"audit\") \(Self.forbid) when { context.args.gone };")
    #expect(snapshot.decideCall(Example.call(Example.read), mode: .normal) == .allow(rules: ["member-read", "auto-read"]))
  }

  @Test(
    "belongs on a forbid of calls alone",
    arguments: [
      ("@id(\"a\") @mode(\"audit\") permit (principal, action == Action::\"call\", resource);", "a permit cannot be on trial"),
      ("@id(\"a\") @mode(\"adit\") \(forbid);", "unknown mode `adit`"),
      (
        "@id(\"a\") @mode(\"warn\") forbid (principal, action, resource);",
        "a forbid on trial must name Action::\"call\" or Action::\"auto\" alone"
      ),
      (
        "@id(\"a\") @mode(\"warn\") forbid (principal, action == Action::\"approve\", resource);",
        "a forbid on trial must name Action::\"call\" or Action::\"auto\" alone"
      ),
    ])
  func misplaced(rule: String, message: String) throws {
    let error = #expect(throws: PolicyError.self) { try snapshot(adding: rule) }
    #expect(error?.problems.map(\.message) == [message])
  }

  @Test("official Cedar knows nothing of it: there the forbid counts")
  func conformance() throws {
    let policies = "permit (principal, action, resource); @mode(\"audit\") forbid (principal, action, resource);"
    let request =
      #"{"principal":{"type":"U","id":"a"},"action":{"type":"Action","id":"v"},"resource":{"type":"U","id":"b"},"context":{}}"#
    let answers = try CedarEvaluation.answers(
      policies: .init(name: "p", bytes: Array(policies.utf8)), entities: .init(name: "e", bytes: Array("[]".utf8)), schema: nil,
      request: .init(name: "r", bytes: Array(request.utf8))
    ).answers
    #expect(answers.map(\.isAllowed) == [false])
  }
}

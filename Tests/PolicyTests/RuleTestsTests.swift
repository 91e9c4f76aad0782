import Core
import Testing

@testable import Policy

@Suite("Tests of rules")
struct RuleTestsTests {
  private func run(_ table: String, adding more: String = "", gates: String? = nil) throws -> RuleTests {
    RuleTests.run([SourceFile(name: "t.yaml", text: table)], on: try snapshot(gates: gates, adding: more))
  }

  @Test("of the shipped rules hold, and see every rule both ways")
  func shipped() throws {
    let run = try RuleTests.run(directory: shippedPolicies)
    #expect(run.problems.isEmpty, "\(run.problems)")
    #expect(run.count > 10)
    #expect(run.neverSatisfied == [])
    #expect(run.neverRefused == [])
  }

  @Test(
    "fail with what came instead",
    arguments: [
      ("{ outcome: allow }", "`x`: gate and not allow"),
      ("{ outcome: deny }", "`x`: gate and not deny"),
      ("{ outcome: gate, rules: [] }", "`x`: decided by member-write and not by nothing"),
      ("{ outcome: gate, gates: [two_admins] }", "`x`: the gates are default_write and not two_admins"),
      ("{ outcome: gate, rules: [member-write], gates: [default_write] }", nil),
      ("{ outcome: gate }", nil),
    ])
  func failures(expectation: String, message: String?) throws {
    let run = try run("- name: x\n  call: { user: \"q:1\", tool: t }\n  expect: \(expectation)")
    #expect(run.problems.map(\.message) == [message].compactMap(\.self))
    #expect(run.problems.allSatisfy { $0.code == .testFailed && $0.line == 1 })
  }

  @Test("say what no test has seen")
  func coverage() throws {
    let run = try run("- name: x\n  call: { user: \"q:1\", tool: t, effect: read }\n  expect: { outcome: allow }")
    #expect(run.neverSatisfied.contains("member-write") && !run.neverSatisfied.contains("member-read"))
    #expect(run.neverRefused.contains("member-read") && !run.neverRefused.contains("member-write"))
    #expect(!run.coversEverything)
  }

  @Test("give arguments their types, the time and the mode")
  func questions() throws {
    let rule = """
      @id("typed") forbid (principal, action == Action::"call", resource == Tool::"t")
      when { context.args == {n: 3, b: true, s: "3", l: ["a"], o: {x: -1}} && context.minute == 570 && context.weekday == 7 };
      """
    let run = try run(
      """
      - name: typed
        call: { user: "q:1", tool: t, args: { n: 3, b: true, s: "3", l: [a], o: { x: -1 } }, at: "Sun 09:30" }
        expect: { outcome: deny, rules: [typed], reason: forbidden }
      - name: later
        call: { user: "q:1", tool: t, args: { n: 3, b: true, s: "3", l: [a], o: { x: -1 } }, at: "Sun 09:31" }
        expect: { outcome: gate }
      - name: locked
        call: { user: "q:1", tool: t, mode: lockdown }
        expect: { outcome: deny, reason: lockdown }
      """, adding: rule)
    #expect(run.problems.isEmpty, "\(run.problems)")
    #expect(run.count == 3)
  }

  @Test(
    "must be written without doubt",
    arguments: [
      ("args: { a: yes }", "`yes` can be read in more than one way"),
      ("args: { a: 0755 }", "`0755` can be read in more than one way"),
      ("args: { a: 22:30 }", "`22:30` can be read in more than one way"),
      ("args: { a: ~ }", "`~` can be read in more than one way"),
      ("args: { a: Off }", "`Off` can be read in more than one way"),
      ("args: { a: 1_000 }", "`1_000` can be read in more than one way"),
      ("at: \"Mon 24:00\"", "unusable time `Mon 24:00`"), ("scene: \"room:1\"", "unusable scene `room:1`"),
      ("mode: readonly", "`mode` is `readonly`"), ("effect: wirte", "`effect` is `wirte`"),
      ("tol: t2", "unknown key `tol` in `call`"), ("roles: [a, a]", "role `a` given twice"),
    ])
  func strictness(field: String, message: String) throws {
    let run = try run("- name: x\n  call: { user: \"q:1\", tool: t, \(field) }\n  expect: { outcome: gate }")
    #expect(run.problems.map(\.message) == [message])
  }

  @Test("name only rules, gates and reasons that exist, and ask one question")
  func names() throws {
    #expect(
      try run("- name: x\n  call: { user: \"q:1\", tool: t }\n  expect: { outcome: gate, rules: [member-writ] }").problems.first?
        .help
        == "did you mean `member-write`?")
    #expect(
      try run("- name: x\n  call: { user: \"q:1\", tool: t }\n  expect: { outcome: dny }").problems.first?.help
        == "did you mean `deny`?")
    #expect(try run("- name: x\n  expect: { outcome: deny }").problems.first?.message == "a test asks one question")
    #expect(try run("&a []").problems.first?.message == "anchors and aliases are not allowed")
  }

  @Test("that fail keep rules from being loaded")
  func loading() throws {
    let folder = try TemporaryFolder([
      "a.cedar": "@id(\"a\") permit (principal, action == Action::\"call\", resource);", "roles.yaml": "people: []",
    ])
    #expect(throws: Never.self) { try PolicySnapshot.load(directory: folder.path) }
    try folder.write("tests/t.yaml", "- name: closed\n  call: { user: \"q:1\", tool: t }\n  expect: { outcome: deny }")
    let error = #expect(throws: PolicyError.self) { try PolicySnapshot.load(directory: folder.path) }
    #expect(error?.problems.map(\.message) == ["`closed`: gate and not deny"])
  }
}

@Suite("An explanation")
struct ExplanationTests {
  @Test("says of every rule what it was decided by, and where")
  func traces() throws {
    let more = """
      @id("office") permit (principal in Role::"clerk", action == Action::"call", resource);
      @id("hours") permit (principal, action == Action::"call", resource) when { context.minute > 600 && context.args has path };
      @id("broken") permit (principal, action == Action::"call", resource) when { context.args.n > 1 };
      @id("except") forbid (principal, action == Action::"call", resource) unless { context.weekday == 1 };
      """
    let explanation = try snapshot(adding: more).explain(Example.call(Example.write), mode: .normal)
    func verdict(_ rule: String) -> RuleTrace? { explanation.call.first { $0.rule == rule } }
    #expect(verdict("member-write")?.verdict == .satisfied)
    #expect(verdict("member-read")?.verdict == .otherResource)
    #expect(verdict("office")?.verdict == .otherPrincipal)
    #expect(verdict("hours")?.verdict == .condition("context.minute > 600"))
    #expect(verdict("hours")?.place == "20-more.cedar:2:76")
    #expect(verdict("hours")?.obstacles == 2)
    #expect(verdict("broken")?.verdict == .error("no attribute `n`; test it with `has` first"))
    #expect(verdict("except")?.verdict == .condition("context.weekday == 1"))
    #expect(explanation.auto.map(\.verdict) == [.otherResource])
    #expect(explanation.nearestPermits.map(\.rule) == ["broken", "member-read", "office", "hours"])
    guard case .gate(let gates, _) = explanation.decision else { throw PolicyError(problems: []) }
    #expect(gates.map(\.name) == ["default_write"])
  }
}

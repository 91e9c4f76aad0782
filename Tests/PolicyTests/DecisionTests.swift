import Core
import Testing

@testable import Policy

@Suite("Decisions by the shipped rules")
struct DecisionTests {
  private static let people = """
    people:
      - { name: root, roles: [admin], ids: ["playground:admin", "onebot:napcat:1"] }
      - { name: mei, roles: [admin], ids: ["qq:1:MEI"] }
      - { name: guest, roles: [], ids: ["playground:guest"] }
    defaults: { everyone: [member] }
    """

  private func engine(_ more: String = "", gates: String? = nil, mode: Mode = .normal) throws -> PolicyEngine {
    PolicyEngine(snapshot: try snapshot(roles: Self.people, gates: gates, adding: more), mode: mode)
  }

  private func code(_ decision: CallDecision) -> Denial.Code? {
    if case .deny(let denial) = decision { denial.code } else { nil }
  }

  @Test("a member reads at once and writes after approval")
  func members() throws {
    let engine = try engine()
    #expect(engine.decideCall(Example.call(Example.read)) == .allow(rules: ["member-read", "auto-read"]))
    let gate = try #require(engine.snapshot?.gate(named: "default_write"))
    #expect(engine.decideCall(Example.call(Example.write)) == .gate([gate], rules: ["member-write"]))
  }

  @Test("without a role nothing is permitted")
  func strangers() throws {
    let engine = PolicyEngine(snapshot: try snapshot(roles: "people: []"))
    #expect(engine.decideCall(Example.call(Example.read)) == .deny(Denial(.noPermit)))
  }

  @Test("no tool writes to the rules, however the path is dressed")
  func ruleFiles() throws {
    let engine = try engine()
    let call = Example.call(Example.write, ["path": "/srv/bot/policies/00-base.cedar"])
    #expect(engine.decideCall(call) == .deny(Denial(.forbidden, rules: ["no-rule-edit"])))
    let decision = engine.decideCall(Example.call(Example.write, ["path": ["policies/a"]]))
    guard case .deny(let denial) = decision else {
      Issue.record("a path that is no text was let through")
      return
    }
    #expect(denial.code == .forbidError)
    #expect(denial.rules == ["no-rule-edit"])
    #expect(denial.errors.map(\.message) == ["expected string, found set"])
    #expect(denial.errors.first?.place.hasSuffix("00-base.cedar:62:33") == true)
  }

  @Test("gates of all satisfied permits are asked for, also where the call could run by itself")
  func gates() throws {
    let more = """
      @id("two") @gate("two_admins") permit (principal, action == Action::"call", resource == Tool::"tickets.create")
      when { context.args has urgent && context.args.urgent };
      @id("slow") @gate("slow") permit (principal, action == Action::"call", resource == Tool::"tickets.create");
      @id("auto-all") permit (principal, action == Action::"auto", resource);
      """
    let engine = try engine(more, gates: "slow: { approvers: [admin] }\ntwo_admins: { approvers: [admin], quorum: 2 }")
    func names(_ arguments: JSON) -> [String]? {
      guard case .gate(let gates, _) = engine.decideCall(Example.call(Example.write, arguments)) else { return nil }
      return gates.map(\.name)
    }
    #expect(names(["urgent": true]) == ["slow", "two_admins"])
    #expect(names(["urgent": false]) == ["slow"])
    #expect(engine.decideCall(Example.call(Example.read)) == .allow(rules: ["member-read", "auto-read", "auto-all"]))
  }

  @Test("a forbid of `auto` takes a call to the gate, an erring one too")
  func autoForbidden() throws {
    for condition in ["true", "context.args.missing"] {
      let engine = try engine("@id(\"f\") forbid (principal, action == Action::\"auto\", resource) when { \(condition) };")
      guard case .gate(let gates, _) = engine.decideCall(Example.call(Example.read)) else {
        Issue.record("ran without approval")
        continue
      }
      #expect(gates.map(\.name) == ["default_write"])
    }
  }

  @Test("admins approve, others do not, and nobody approves their own call by another account")
  func approval() throws {
    let engine = try engine()
    let gate = try #require(engine.snapshot?.gate(named: "default_write"))
    let byAlice = Example.call(Example.write)
    #expect(engine.mayApprove(byAlice, approver: "playground:admin", gate: gate) == .allow(rules: ["admins-approve"]))
    #expect(engine.mayApprove(byAlice, approver: "playground:guest", gate: gate) == .deny(Denial(.notAnApprover)))
    #expect(engine.mayApprove(byAlice, approver: "playground:alice", gate: gate) == .deny(Denial(.notAnApprover)))
    let byRoot = Example.call(Example.write, by: "onebot:napcat:1")
    #expect(
      engine.mayApprove(byRoot, approver: "playground:admin", gate: gate) == .deny(Denial(.forbidden, rules: ["no-self"])))
    #expect(engine.mayApprove(byRoot, approver: "qq:1:MEI", gate: gate) == .allow(rules: ["admins-approve"]))
    let open = Gate(name: "open", approvers: ["member"])
    #expect(engine.mayApprove(byAlice, approver: "playground:guest", gate: open) == .deny(Denial(.noPermit)))
    #expect(
      engine.mayApprove(Example.call(Example.read), approver: "playground:admin", gate: gate) == .deny(Denial(.noPermit)))
  }

  @Test("knows when asking is pointless")
  func reachableApprovers() throws {
    let engine = try engine()
    let one = Gate(name: "one", approvers: ["admin"])
    let two = Gate(name: "two", approvers: ["admin"], quorum: 2)
    #expect(engine.canAnyoneApprove(Example.call(Example.write), gate: two))
    #expect(engine.canAnyoneApprove(Example.call(Example.write, by: "playground:admin"), gate: one))
    #expect(!engine.canAnyoneApprove(Example.call(Example.write, by: "playground:admin"), gate: two))
    let alone = PolicyEngine(snapshot: try snapshot())
    #expect(alone.canAnyoneApprove(Example.call(Example.write), gate: one))
    #expect(!alone.canAnyoneApprove(Example.call(Example.write, by: "playground:admin"), gate: one))
  }

  @Test("a skill uses what is harmless, and stores nothing while it reads")
  func use() throws {
    let engine = try engine()
    func ask(_ capability: String, _ effect: Effect) -> Verdict {
      engine.mayUse(
        UseQuestion(
          skill: "org.openclaw.tickets", capability: capability, effect: effect, requester: "playground:alice",
          now: Example.monday))
    }
    #expect(ask("kv.get", .read) == .allow(rules: ["use-kv"]))
    #expect(ask("kv.put", .write) == .allow(rules: ["use-kv"]))
    #expect(ask("kv.put", .read) == .deny(Denial(.forbidden, rules: ["read-does-not-store"])))
    #expect(ask("log", .read) == .allow(rules: ["use-log"]))
    #expect(ask("clock", .read) == .allow(rules: ["use-clock"]))
    #expect(ask("http.fetch", .read) == .allow(rules: ["use-granted"]))
    #expect(ask("secret.use", .read) == .allow(rules: ["use-granted"]))
    #expect(ask("chat.send", .write) == .allow(rules: ["use-granted"]))
    #expect(ask("chat.send", .read) == .deny(Denial(.forbidden, rules: ["read-does-not-store"])))
    #expect(ask("http.serve", .write) == .deny(Denial(.noPermit)))
    #expect(ask("kvx.put", .write) == .deny(Denial(.noPermit)))
  }

  @Test("the mode comes before every rule")
  func modes() throws {
    let engine = try engine()
    let gate = Gate(name: "one", approvers: ["admin"])
    engine.setMode(.readOnly)
    #expect(code(engine.decideCall(Example.call(Example.read))) == nil)
    #expect(code(engine.decideCall(Example.call(Example.write))) == .readOnly)
    #expect(engine.mayApprove(Example.call(Example.write), approver: "playground:admin", gate: gate).denial?.code == .readOnly)
    for (mode, expected) in [(Mode.explainOnly, Denial.Code.explainOnly), (.lockdown, .lockdown)] {
      engine.setMode(mode)
      #expect(code(engine.decideCall(Example.call(Example.read))) == expected)
      #expect(code(engine.decideCall(Example.call(Example.write))) == expected)
      #expect(!engine.canAnyoneApprove(Example.call(Example.write), gate: gate))
    }
  }
}

@Suite("What rules see")
struct RequestFactsTests {
  /// Whether `condition` holds in a call with these arguments.
  private func holds(_ condition: String, _ call: CallQuestion) throws -> Bool {
    let text = "@id(\"probe\") forbid (principal, action == Action::\"call\", resource) when { \(condition) };"
    let engine = PolicyEngine(snapshot: try snapshot(adding: text))
    guard case .deny(let denial) = engine.decideCall(call) else { return false }
    return denial.rules == ["probe"]
  }

  @Test(
    "arguments keep their type; what Cedar cannot say is absent and named",
    arguments: [
      "context.args.n == 9223372036854775807", "context.args.s == \"x\"", "context.args.b", "context.args.list == [2, 1]",
      "context.args.o.inner == \"y\"", "!(context.args has none)", "!(context.args has fraction)", "!(context.args has mixed)",
      "!(context.args has deepMixed)", "!(context.args.o has f)", "context.args has o.inner",
      "context.untyped == [\"none\", \"fraction\", \"mixed\", \"deepMixed\", \"o.f\", \"deepMixed.f\"]",
    ])
  func arguments(condition: String) throws {
    let arguments: JSON = [
      "n": .integer(.max), "s": "x", "b": true, "list": [1, 2, 1], "o": ["inner": "y", "f": .double(0.5)], "none": .null,
      "fraction": .double(1.5), "mixed": [1, "a"], "deepMixed": [["f": .double(0.5)]],
    ]
    #expect(try holds(condition, Example.call(Example.read, arguments)))
  }

  @Test(
    "place and time",
    arguments: [
      "context.scene == Scene::\"group:demo\"", "context.scene in SceneKind::\"group\"", "context.channel == \"playground\"",
      "context.origin == \"command\"", "context.mode == \"normal\"", "context.weekday == 1", "context.minute == 30",
      "context.requester == principal", "principal == User::\"playground:alice\"", "resource in Skill::\"org.openclaw.tickets\"",
    ])
  func place(condition: String) throws {
    #expect(try holds(condition, Example.call(Example.read)))
    #expect(try !holds("!(\(condition))", Example.call(Example.read)))
  }

  @Test("time is right around the epoch and survives the end of the calendar")
  func time() throws {
    #expect(try holds("context.weekday == 4 && context.minute == 0", Example.call(Example.read, at: Timestamp(milliseconds: 0))))
    #expect(
      try holds("context.weekday == 3 && context.minute == 1439", Example.call(Example.read, at: Timestamp(milliseconds: -1))))
    for extreme in [Int64.min, .max] {
      #expect(
        try holds(
          "context.minute >= 0 && context.minute < 1440 && context.weekday >= 1 && context.weekday <= 7",
          Example.call(Example.read, at: Timestamp(milliseconds: extreme))))
    }
  }
}

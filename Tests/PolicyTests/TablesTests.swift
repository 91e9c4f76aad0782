import Core
import Testing

@testable import Policy

@Suite("Tables")
struct TablesTests {
  @Test("knows people by every id, and strangers by what everyone has")
  func roles() throws {
    let text = """
      people:
        - { name: mei, roles: [admin], ids: ["qq:1:A", onebot:napcat:10001] }
        - name: 小明
          roles: []
          ids: []
      defaults: { everyone: [member] }
      """
    let (table, problems) = RolesTable.read(SourceFile(name: "roles.yaml", text: text))
    #expect(problems.isEmpty)
    #expect(table.people.map(\.name) == ["mei", "小明"])
    #expect(
      table.subject("onebot:napcat:10001") == Subject(id: "onebot:napcat:10001", person: "mei", roles: ["admin", "member"]))
    #expect(table.subject("qq:1:A").principal == table.subject("onebot:napcat:10001").principal)
    #expect(table.subject("qq:1:B") == Subject(id: "qq:1:B", person: nil, roles: ["member"]))
    #expect(table.user("qq:1:A").uid == EntityUID("User", "mei"))
  }

  @Test("people who are enrolled stand beside those of the file, which wins where both speak of the same")
  func enrolled() throws {
    let file = RolesTable(people: [Person(name: "root", roles: ["admin"], ids: ["qq:1:A"])], everyone: ["member"])
    let table = file.adding([
      Person(name: "ann", roles: ["admin", "auditor"], ids: ["qq:1:A", "qq:1:B"]),
      Person(name: "root", roles: ["owner"], ids: ["qq:1:C"]),
    ])
    #expect(table.subject("qq:1:A") == Subject(id: "qq:1:A", person: "root", roles: ["admin", "member"]))
    #expect(table.subject("qq:1:B") == Subject(id: "qq:1:B", person: "ann", roles: ["admin", "auditor", "member"]))
    #expect(table.subject("qq:1:C") == Subject(id: "qq:1:C", person: "root", roles: ["admin", "member"]))
    #expect(table.people.map(\.name) == ["root", "ann"])
    #expect(table.people.map(\.ids) == [["qq:1:A", "qq:1:C"], ["qq:1:B"]])
  }

  @Test("people who are enrolled stay through a reload of the files, and count in every answer")
  func enrolledInEngine() throws {
    let folder = try TemporaryFolder([
      "a.cedar": #"@id("a") permit (principal in Role::"admin", action == Action::"call", resource); "#
        + #"@id("b") permit (principal, action == Action::"auto", resource);"#,
      "roles.yaml": "people: []",
    ])
    let engine = PolicyEngine(directory: folder.path)
    #expect(engine.setEnrolled([Person(name: "ann", roles: ["admin"], ids: ["playground:alice"])]))
    #expect(!engine.setEnrolled([Person(name: "ann", roles: ["admin"], ids: ["playground:alice"])]))
    #expect(engine.decideCall(Example.call(Example.read)) == .allow(rules: ["a", "b"]))
    try engine.reload(from: folder.path)
    #expect(engine.decideCall(Example.call(Example.read)) == .allow(rules: ["a", "b"]))
    #expect(engine.decideCall(Example.call(Example.read, by: "playground:bob")) == .deny(Denial(.noPermit)))
    engine.setEnrolled([])
    #expect(engine.decideCall(Example.call(Example.read)) == .deny(Denial(.noPermit)))
  }

  @Test("what the platform calls a group's owner brings the roles that the file says, in a group, to who asks; none by default")
  func platformRanks() throws {
    let rule = #"@id("kick") permit (principal in Role::"warden", action in [Action::"call", Action::"auto"], resource);"#
    func decision(_ roles: String, _ rank: Sender.PlatformRole?, in scene: Scene = Scene(.group, "demo")) throws -> CallDecision {
      let base = Example.call(Example.read, scene: scene)
      let question = CallQuestion(
        requester: base.requester, requesterRole: rank, tool: base.tool, arguments: base.arguments,
        conversation: base.conversation, origin: .command, now: base.now)
      return try snapshot(roles: roles, adding: rule).decideCall(question, mode: .normal)
    }
    let silent = "people: []\ndefaults: { everyone: [] }"
    let speaking = silent + "\nplatform: { group_owner: [warden], group_admin: [] }"
    for rank in [Sender.PlatformRole.member, .admin, .owner] {
      #expect(try decision(silent, rank) == .deny(Denial(.noPermit)))
    }
    guard case .allow = try decision(speaking, .owner) else {
      Issue.record("the owner's role did not count")
      return
    }
    #expect(try decision(speaking, .admin) == .deny(Denial(.noPermit)))
    #expect(try decision(speaking, nil) == .deny(Denial(.noPermit)))
    #expect(try decision(speaking, .owner, in: Scene(.private, "1")) == .deny(Denial(.noPermit)))
  }

  @Test("a stranger cannot be called like a person")
  func impersonation() {
    let table = RolesTable(people: [Person(name: "root", roles: ["admin"], ids: ["qq:1:A"])], everyone: [])
    #expect(table.user("root").uid != table.user("qq:1:A").uid)
    #expect(table.user("root").ancestors.isEmpty)
  }

  @Test("takes what looks like a truth value or a number as the text that it is")
  func rawScalars() {
    let text = "people: [{ name: on, roles: [yes, 0755], ids: [a:22:30] }]"
    let (table, problems) = RolesTable.read(SourceFile(name: "roles.yaml", text: text))
    #expect(problems.isEmpty)
    #expect(table.people == [Person(name: "on", roles: ["yes", "0755"], ids: ["a:22:30"])])
  }

  @Test(
    "says what is wrong in roles.yaml and where",
    arguments: [
      ("", 1, 1, "the file is empty"),
      ("people: []\npeople: []", 1, 1, "key given twice: `people`"),
      ("persons: []", 1, 1, "unknown key `persons` in the file"),
      ("people: []\ndefaults: { everybody: [] }", 2, 13, "unknown key `everybody` in `defaults`"),
      ("people: []\nplatform: { owner: [] }", 2, 13, "unknown key `owner` in `platform`"),
      ("people:\n  - { name: a, roles: [] }", 2, 5, "a person lacks the key `ids`"),
      ("people:\n  - { name: a, roles: [x], ids: [], nick: b }", 2, 37, "unknown key `nick` in a person"),
      ("people:\n  - { name: a, roles: x, ids: [] }", 2, 23, "`roles` must be a list"),
      ("people:\n  - { name: ~, roles: [], ids: [] }", 2, 13, "a name is empty"),
      ("people:\n  - { name: \"a:b\", roles: [], ids: [] }", 2, 13, "unusable person name"),
      ("people:\n  - { name: a, roles: [\"x y\"], ids: [] }", 2, 24, "unusable role name `x y`"),
      ("people:\n  - { name: a, roles: [x, x], ids: [] }", 2, 27, "role `x` given twice"),
      ("people:\n  - { name: a, roles: [], ids: [10001] }", 2, 33, "unusable id"),
      (
        "people:\n  - { name: a, roles: [], ids: [\"q:1\"] }\n  - { name: b, roles: [], ids: [\"q:1\"] }", 3, 33,
        "this id already belongs to `a`"
      ),
      ("people:\n  - { name: a, roles: [], ids: [] }\n  - { name: a, roles: [], ids: [] }", 3, 13, "person `a` given twice"),
      ("people: &p []\ndefaults: { everyone: *p }", 1, 9, "anchors and aliases are not allowed"),
      ("people: []\n<<: { defaults: {} }", 2, 1, "merge keys are not allowed"),
      ("people: !mine []", 1, 9, "tags are not allowed"),
      ("people: [", 2, 1, "did not find expected node content"),
      ("people: []\n---\npeople: []", 2, 1, "but found another document"),
      (String(repeating: "[", count: 100_000), 1, 65, "nested too deep"),
    ])
  func badRoles(text: String, line: Int, column: Int, message: String) throws {
    let problem = try #require(RolesTable.read(SourceFile(name: "roles.yaml", text: text)).problems.first)
    #expect(problem.message == message)
    #expect([problem.line, problem.column] == [line, column])
  }

  @Test("survives any nesting", arguments: ["- ", "[", "{a: ", "? "])
  func nesting(opening: String) {
    let source = SourceFile(name: "roles.yaml", text: String(repeating: opening, count: 60_000))
    #expect(!RolesTable.read(source).problems.isEmpty)
  }

  @Test("reads gates, fills in what is left out and always has the default gate")
  func gates() {
    let text = "slow: { approvers: [owner, admin], quorum: 2, expires: 2h, run_within: \"90s\" }\nquick: { approvers: [admin] }"
    let (table, problems) = GatesTable.read(SourceFile(name: "gates.yaml", text: text))
    #expect(problems.isEmpty)
    #expect(
      table["slow"]
        == Gate(name: "slow", approvers: ["owner", "admin"], quorum: 2, expires: .seconds(7200), runWithin: .seconds(90)))
    #expect(
      table["quick"] == Gate(name: "quick", approvers: ["admin"], quorum: 1, expires: .seconds(900), runWithin: .seconds(300)))
    #expect(table["default_write"]?.approvers == ["admin"])
    #expect(GatesTable.read(SourceFile(name: "gates.yaml", text: "# nothing")).table.names == ["default_write"])
  }

  @Test("reads factors, places, refusals and confirmation of a gate")
  func factors() {
    let text = """
      two_keys:
        factors: [{ role: owner, n: 1 }, { role: admin, n: 2 }, { role: lead }]
        deny_quorum: 2
        scenes: [ops, dm]
        confirm: typed
      """
    let (table, problems) = GatesTable.read(SourceFile(name: "gates.yaml", text: text))
    #expect(problems.isEmpty)
    let factors = [Gate.Factor(roles: ["owner"]), Gate.Factor(roles: ["admin"], count: 2), Gate.Factor(roles: ["lead"])]
    #expect(
      table["two_keys"] == Gate(name: "two_keys", factors: factors, denyQuorum: 2, places: [.ops, .dm], confirm: .typed))
    #expect(table["two_keys"]?.approvers == ["owner", "admin", "lead"])
    #expect(table["default_write"]?.places == [.origin, .dm])
  }

  @Test(
    "says what is wrong in gates.yaml and where",
    arguments: [
      ("a: { approvers: [] }", 1, 17, "nobody could pass gate `a`"),
      ("a: { quorum: 1 }", 1, 4, "gate `a` lacks the key `approvers`"),
      ("a: { approvers: [x], quorum: 0 }", 1, 30, "`quorum` must be a number from 1 to 10"),
      ("a: { approvers: [x], quorum: 01 }", 1, 30, "`quorum` must be a number from 1 to 10"),
      ("a: { approvers: [x], expires: 15 }", 1, 31, "`expires` must be a time from 1s to 168h"),
      ("a: { approvers: [x], expires: 0s }", 1, 31, "`expires` must be a time from 1s to 168h"),
      ("a: { approvers: [x], run_within: 169h }", 1, 34, "`run_within` must be a time from 1s to 168h"),
      ("a: { approvers: [x], run_within: -5m }", 1, 34, "`run_within` must be a time from 1s to 168h"),
      ("a: { approvers: [x], expire: 5m }", 1, 22, "unknown key `expire` in gate `a`"),
      ("a: { approvers: [x] }\na: { approvers: [y] }", 1, 1, "key given twice: `a`"),
      ("a b: { approvers: [x] }", 1, 1, "unusable gate name `a b`"),
      ("a: { factors: [] }", 1, 15, "nobody could pass gate `a`"),
      ("a: { factors: [{ n: 1 }] }", 1, 16, "a factor lacks the key `role`"),
      ("a: { factors: [{ role: x, n: 0 }] }", 1, 30, "`n` must be a number from 1 to 10"),
      ("a: { factors: [{ role: x, n: 6 }, { role: y, n: 5 }] }", 1, 15, "gate `a` needs more than 10 people"),
      ("a: { factors: [{ role: x }, { role: x }] }", 1, 37, "two factors ask for the role `x`"),
      ("a: { factors: [{ role: \"x y\" }] }", 1, 24, "unusable role name `x y`"),
      ("a: { factors: [{ role: x }], approvers: [y] }", 1, 41, "gate `a` has both `factors` and `approvers`"),
      ("a: { factors: [{ role: x }], quorum: 2 }", 1, 38, "gate `a` has both `factors` and `quorum`"),
      ("a: { approvers: [x], deny_quorum: 11 }", 1, 35, "`deny_quorum` must be a number from 1 to 10"),
      ("a: { approvers: [x], scenes: [] }", 1, 30, "`scenes` is empty: nobody could decide anywhere"),
      ("a: { approvers: [x], scenes: [origin, orign] }", 1, 39, "a scene cannot be `orign`"),
      ("a: { approvers: [x], scenes: [dm, dm] }", 1, 35, "scene `dm` given twice"),
      ("a: { approvers: [x], confirm: yes }", 1, 31, "`confirm` cannot be `yes`"),
      ("[a]", 1, 1, "the file must be a mapping"),
    ])
  func badGates(text: String, line: Int, column: Int, message: String) throws {
    let problem = try #require(GatesTable.read(SourceFile(name: "gates.yaml", text: text)).problems.first)
    #expect(problem.message == message)
    #expect([problem.line, problem.column] == [line, column])
  }
}

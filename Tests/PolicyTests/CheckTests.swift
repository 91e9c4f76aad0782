import Core
import Testing

@testable import Policy

@Suite("The check of rules")
struct CheckTests {
  private static let world = RuleWorld(
    tools: [
      tool(
        "notes.put", .write,
        [
          "type": "object", "additionalProperties": false, "required": ["path"],
          "properties": [
            "path": ["type": "string"], "size": ["type": "integer"], "force": ["type": "boolean"], "price": ["type": "number"],
          ],
        ]),
      tool("notes.count", .read, ["type": "object", "additionalProperties": false, "properties": ["path": ["type": "integer"]]]),
    ], capabilities: ["chat.send", "clock", "http.fetch", "kv.delete", "kv.get", "kv.put", "log", "secret.use"])

  private static func tool(_ name: String, _ effect: Effect, _ schema: JSON) -> Tool {
    Tool(
      name: name, skill: "org.example.notes", build: "", summary: "", effect: effect, parameters: [], rest: nil,
      inputSchema: schema)
  }

  private static func check(_ rule: String, toolsets: String? = nil, world: RuleWorld = world) -> PolicyCheck {
    var files = [
      SourceFile(name: "a.cedar", text: rule),
      SourceFile(
        name: "roles.yaml",
        text: "people:\n  - { name: mei, roles: [admin], ids: [\"qq:1:A\"] }\ndefaults: { everyone: [member] }"),
    ]
    if let toolsets { files.append(SourceFile(name: "toolsets.yaml", text: toolsets)) }
    return PolicyCheck(files, in: "policies", world: world)
  }

  /// A permit of calls under a condition.
  private static func call(_ condition: String, _ resource: String = "resource == Tool::\"notes.put\"") -> String {
    "@id(\"a\") permit (principal, action == Action::\"call\", \(resource)) when { \(condition) };"
  }

  @Test(
    "finds",
    arguments: [
      // Names.
      (
        "@id(\"a\") permit (principal in Role::\"admim\", action == Action::\"call\", resource);", PolicyProblem.Code.unknownName,
        "admin"
      ),
      ("@id(\"a\") permit (principal, action == Action::\"cal\", resource);", .unknownName, "call"),
      (call("true", "resource == Tool::\"notes.pu\""), .unknownName, "notes.put"),
      (call("true", "resource in Skill::\"org.example.note\""), .unknownName, "org.example.notes"),
      (call("true", "resource in Toolset::\"writing\""), .unknownName, "there is none"),
      (call("principal == User::\"qq:1:A\""), .unknownName, "User::\"mei\""),
      (call("principal == User::\"mai\""), .unknownName, "mei"),
      (call("context.scene == Scene::\"gruop:1\""), .unknownName, "group"),
      (call("context.scene in SceneKind::\"grop\""), .unknownName, "group"),
      (call("context.args.pth == \"a\""), .unknownName, "path"),
      (call("context.chanel == \"a\""), .unknownName, "channel"),
      (
        "@id(\"a\") permit (principal is Skill, action == Action::\"use\", resource == Capability::\"http.fech\");", .unknownName,
        "http.fetch"
      ),
      // Guards.
      (call("context.args.size > 3"), .unguardedOptional, "context.args has size && …"),
      (call("context.args has size || context.args.size > 3"), .unguardedOptional, "context.args has size && …"),
      (call("context.args.path == \"a\"", "resource"), .unguardedOptional, "context.args has path && …"),
      // Types.
      (call("context.minute like \"1*\""), .typeMismatch, nil),
      (call("context.args.path > 3"), .typeMismatch, nil),
      (call("context.args has size && context.args.size like \"3\""), .typeMismatch, nil),
      (call("context.channel == 3"), .typeMismatch, nil),
      (call("context.scene.id == \"x\""), .unknownName, nil),
      (call("context.untyped.contains(1)"), .typeMismatch, nil),
      (call("context.minute"), .typeMismatch, nil),
      (call("principal in \"admins\""), .typeMismatch, nil),
      // A number that rules do not always see.
      (call("context.args has price && context.args.price > 3"), .fraction, "context.untyped"),
      (call("!(context.args has price)"), .fraction, "whole number"),
      // Letters that look alike.
      (call("context.channel == \"m\u{430}in\""), .mixedScript, "one script"),
      (call("context.channel like \"*m\\u{3b1}in\""), .mixedScript, "one script"),
      // An argument that is text in one tool and a number in another.
      (
        "@id(\"a\") forbid (principal, action == Action::\"call\", resource) when { context.args has path && context.args.path like \"x*\" };",
        .typeMismatch, nil
      ),
      // What one question has and another has not.
      ("@id(\"a\") forbid (principal, action, resource) when { context.args has path };", .unknownName, nil),
      // Rules that nothing comes of.
      (call("false"), .neverMatches, nil),
      (call("resource in Effect::\"read\""), .neverMatches, nil),
      (call("principal is Skill"), .neverMatches, nil),
      ("@id(\"a\") permit (principal, action == Action::\"use\", resource is Tool);", .neverMatches, nil),
      ("@id(\"a\") permit (principal is Skill, action == Action::\"call\", resource);", .neverMatches, nil),
      // The rest.
      (
        "@id(\"a\") permit (principal, action, resource);", .permitsEverything, "name what it permits: action == Action::\"call\""
      ),
      (call("true") + call("true"), .duplicateID, "the other one is at a.cedar:1:10"),
      (call("1 ="), .syntax, "compare with =="),
    ] as [(String, PolicyProblem.Code, String?)])
  func finds(rule: String, code: PolicyProblem.Code, help: String?) throws {
    let problems = Self.check(rule).problems
    let problem = try #require(problems.first { $0.code == code }, "\(problems)")
    if let help { #expect(problem.help?.contains(help) == true, "\(problem)") }
  }

  @Test(
    "lets pass",
    arguments: [
      call("context.args.path like \"a/*\""), call("context.args has size && context.args.size > 3"),
      call("context.args has force && context.args.force"),
      call("context.channel == \"главный\" || context.channel == \"пример a\""),
      call("context.args.path like \"笔记notes/*\""),
      call("context.args has path && context.args.path == \"a\"", "resource in Effect::\"write\""),
      call("if context.args has size then context.args.size > 3 else true"),
      call("context.weekday <= 5 && context.minute >= 540 && context.minute < 1320"),
      call("principal == User::\"mei\" || principal == User::\"qq:1:stranger\""),
      call("context.scene == Scene::\"group:1\" && context.scene in SceneKind::\"group\""),
      "@id(\"a\") forbid (principal, action, resource) when { context has args && context.args has force };",
      // Meant for tools that nobody has yet.
      "@id(\"a\") forbid (principal, action == Action::\"call\", resource) when { context.args has url };",
      "@id(\"a\") permit (principal is Skill, action == Action::\"use\", resource in Capability::\"kv\") when { context.effect == Effect::\"write\" };",
    ])
  func passes(rule: String) {
    let check = Self.check(rule)
    #expect(check.problems.isEmpty, "\(check.problems)")
  }

  @Test("has a doubt about a permit that no loaded tool can match")
  func doubt() {
    let check = Self.check(Self.call("context.args has url", "resource"))
    #expect(check.problems.isEmpty)
    #expect(check.warnings.map(\.message).contains("no tool that is loaded can match this rule"))
  }

  @Test("finds patterns of toolsets that fit no tool, and files that nobody reads")
  func tables() throws {
    let rule = Self.call("true", "resource in Toolset::\"w\"")
    #expect(Self.check(rule, toolsets: "w: [\"notes.p*\"]").problems.isEmpty)
    let idle = try #require(Self.check(rule, toolsets: "w:\n  - \"notes.p*\"\n  - note.put").problems.first)
    #expect(idle.line == 3 && idle.message == "no tool is called `note.put`" && idle.help == "did you mean `notes.put`?")
    let limits = "- { match: note.put, per: all, cooldown: 1s }"
    let idleLimit = PolicyCheck(
      [
        SourceFile(name: "a.cedar", text: Self.call("true", "resource")), SourceFile(name: "limits.yaml", text: limits),
        SourceFile(name: "roles.yaml", text: "people: []"),
      ], in: "policies", world: Self.world
    ).problems
    #expect(idleLimit.map(\.message) == ["no tool is called `note.put`"] && idleLimit.first?.help == "did you mean `notes.put`?")
    let folder = try TemporaryFolder(["a.cedar": Self.call("true", "resource"), "roles.yaml": "people: []", "gate.yaml": "a: b"])
    let stranger = PolicyCheck(directory: folder.path, world: Self.world).problems
    #expect(stranger.map(\.message) == ["nobody reads this file"])
    #expect(stranger.first?.help == "did you mean `gates.yaml`?")
  }

  @Test("has nothing to say about the shipped rules")
  func shipped() {
    let check = PolicyCheck(directory: shippedPolicies, world: Self.world)
    #expect(check.rules == 11)
    #expect(check.problems.isEmpty, "\(check.problems)")
    #expect(check.warnings.isEmpty)
  }
}

import Core
import Testing

@testable import Policy

@Suite("Limits")
struct LimitsTests {
  private static func read(_ text: String) -> (table: LimitsTable, problems: [PolicyProblem]) {
    LimitsTable.read(SourceFile(name: "limits.yaml", text: text))
  }

  @Test("reads every kind of limit; a burst that is left out is the whole rate")
  func reads() {
    let (table, problems) = Self.read(
      """
      - { match: "notes.*", per: user, rate: 5/1m, cooldown: 10s }
      - { match: set/notes_write, per: scene, rate: "100/24h", burst: 3 }
      - { match: effect/write, per: all, concurrency: 1 }
      """)
    #expect(problems.isEmpty, "\(problems)")
    let limits = table.limits.map(\.limit)
    #expect(limits[0].rate == RateLimit(5, in: .seconds(60), burst: 5) && limits[0].cooldown == .seconds(10))
    #expect(limits[1].rate == RateLimit(100, in: .seconds(86_400), burst: 3) && limits[1].per == .scene)
    #expect(limits[2].rate == nil && limits[2].concurrency == 1)
    #expect(limits[0].summary == "notes.* per user, 5/1m, burst 5, cooldown 10s")
    #expect(Self.read("# nothing").table.limits.isEmpty)
  }

  @Test(
    "says what is wrong in limits.yaml and where",
    arguments: [
      ("match: x", 1, 1, "the file must be a list"),
      ("- { match: x, rate: 1/1m }", 1, 3, "a limit lacks the key `per`"),
      ("- { match: x, per: usr, rate: 1/1m }", 1, 20, "`per` is `usr`"),
      ("- { match: x, per: user }", 1, 3, "this limit allows everything"),
      ("- { match: x, per: user, burst: 2, cooldown: 1s }", 1, 33, "`burst` without `rate` means nothing"),
      ("- { match: x, per: user, rate: 0/1m }", 1, 32, "`rate` must be a number of calls in a time"),
      ("- { match: x, per: user, rate: 5/1d }", 1, 32, "`rate` must be a number of calls in a time"),
      ("- { match: x, per: user, rate: 5 }", 1, 32, "`rate` must be a number of calls in a time"),
      ("- { match: x, per: user, rate: 05/1m }", 1, 32, "`rate` must be a number of calls in a time"),
      ("- { match: x, per: user, rate: 5/1m, burst: 0 }", 1, 45, "`burst` must be a number from 1 to 1000000"),
      ("- { match: x, per: user, cooldown: 169h }", 1, 36, "`cooldown` must be a time from 1s to 168h"),
      ("- { match: x, per: user, concurrency: -1 }", 1, 39, "`concurrency` must be a number from 1 to 1000"),
      ("- { match: effect/wirte, per: user, cooldown: 1s }", 1, 12, "unusable `match`: `effect/wirte`"),
      ("- { match: a b, per: user, cooldown: 1s }", 1, 12, "unusable tool name `a b`"),
      ("- { match: x, per: user, cooldwon: 1s, cooldown: 1s }", 1, 26, "unknown key `cooldwon` in a limit"),
      (
        "- { match: x, per: user, cooldown: 1s }\n- { match: x, per: user, concurrency: 1 }", 2, 3,
        "a second limit for `x` per user"
      ),
    ])
  func bad(text: String, line: Int, column: Int, message: String) throws {
    let problem = try #require(Self.read(text).problems.first)
    #expect(problem.message == message)
    #expect([problem.line, problem.column] == [line, column])
  }

  private static func snapshot(_ limits: String) throws -> PolicySnapshot {
    let people = "people:\n  - { name: mei, roles: [], ids: [\"qq:1:A\", \"onebot:n:1\"] }\ndefaults: { everyone: [member] }"
    return try PolicySnapshot.make(
      from: [
        SourceFile(name: "a.cedar", text: "@id(\"p\") permit (principal, action == Action::\"call\", resource);"),
        SourceFile(name: "limits.yaml", text: limits), SourceFile(name: "roles.yaml", text: people),
        SourceFile(name: "toolsets.yaml", text: "making: [\"*.create\"]"),
      ], in: "policies")
  }

  @Test("a limit counts for the tools that it fits")
  func fits() throws {
    let snapshot = try Self.snapshot(
      """
      - { match: tickets.list, per: all, cooldown: 1s }
      - { match: "tickets.*", per: all, cooldown: 1s }
      - { match: set/making, per: all, cooldown: 1s }
      - { match: effect/read, per: all, cooldown: 1s }
      """)
    #expect(snapshot.limits(on: Example.call(Example.read)).map(\.limit.match) == ["tickets.list", "tickets.*", "effect/read"])
    #expect(snapshot.limits(on: Example.call(Example.write)).map(\.limit.match) == ["tickets.*", "set/making"])
  }

  @Test("accounts of one person share an allowance; other people, chats and channels have their own")
  func shares() throws {
    func key(_ per: String, by requester: String = "qq:1:A", scene: Scene = Scene(.group, "demo")) throws -> String? {
      try Self.snapshot("- { match: \"*\", per: \(per), cooldown: 1s }")
        .limits(on: Example.call(Example.read, by: requester, scene: scene)).first?.key
    }
    #expect(try key("user") == key("user", by: "onebot:n:1"))
    #expect(try key("user") != key("user", by: "qq:1:B"))
    #expect(try key("user") == key("user", scene: Scene(.group, "2")))
    #expect(try key("scene") == key("scene", by: "qq:1:B"))
    #expect(try key("scene") != key("scene", scene: Scene(.group, "2")))
    #expect(try key("channel") == key("channel", by: "qq:1:B", scene: Scene(.group, "2")))
    #expect(try key("all") == key("all", by: "qq:1:B"))
    #expect(try key("all") != key("channel"))
  }

  @Test("a limit of a toolset that does not exist is refused")
  func unknownToolset() {
    let error = #expect(throws: PolicyError.self) { try Self.snapshot("- { match: set/makin, per: all, cooldown: 1s }") }
    #expect(error?.problems.map(\.message) == ["unknown toolset `makin`"])
    #expect(error?.problems.first?.help == "did you mean `making`?")
  }
}

import Testing

@testable import Policy

@Suite("The value of conditions")
struct EvaluatorTests {
  @Test(
    "is true",
    arguments: [
      // Logic, short-circuit included.
      "true && true", "false || true", "!false", "!!true", "true || context.missing", "!(false && context.missing)",
      "if context.n == 3 then true else context.missing", "true || 1 + \"a\" == 2",
      // Equality is defined between any two values.
      "1 != \"1\"", "[1, 2] == [2, 1, 1]", "{a: 1, \"b c\": 2} == {\"b c\": 2, a: 1}", "{} == {}", "User::\"a\" != Role::\"a\"",
      // Arithmetic.
      "1 + 2 * 3 == 7", "10 - 2 - 3 == 5", "-9223372036854775808 < 0", "--5 == 5", "-context.n == -3", "01 == 1",
      "context.n >= 3 && context.n <= 3 && context.n > 2 && context.n < 4",
      // Text is compared scalar by scalar.
      "\"\\u{e9}\" != \"e\\u{301}\"", "context.accented == \"\\u{e9}\"", "context.accented != \"e\\u{301}\"",
      "\"\\x41\\t\\0\\\"\\'\\\\\" == \"A\\u{9}\\u{0}\\u{22}'\\u{5c}\"", "{\"\\u{e9}\": 1} has \"\\u{e9}\"",
      "!({\"\\u{e9}\": 1} has \"e\\u{301}\")", "User::\"\\u{e9}\" != User::\"e\\u{301}\"",
      "![\"\\u{e9}\"].contains(\"e\\u{301}\")", "!(\"e\\u{301}\" like \"\\u{e9}*\")",
      // Hierarchy.
      "principal in principal", "principal in Role::\"editor\"", "principal in Role::\"anyone\"", "!(principal in User::\"bob\")",
      "principal in [Role::\"nobody\", Role::\"member\"]", "!(principal in [])", "User::\"stranger\" in User::\"stranger\"",
      "principal is User", "!(principal is Role)", "principal is User in Role::\"member\"",
      "!(principal is Role in context.missing)",
      // Attributes.
      "principal.age == 30", "principal[\"age\"] == 30", "principal has friend", "!(principal has enemy)",
      "!(User::\"x\" has age)",
      "context.inner.deep.er", "context has inner.deep.er", "!(context has inner.no.er)", "!(context has nothing.at.all)",
      // Sets.
      "context.tags.contains(\"a\")", "context.tags.containsAll([\"a\", \"b\"])", "context.tags.containsAll([])",
      "context.tags.containsAny([\"z\", \"b\"])", "!context.tags.containsAny([])", "[].isEmpty()", "!context.tags.isEmpty()",
      "[[1], [2]].contains([1])", "[1, context.n].contains(3)",
    ])
  func holds(expression: String) throws {
    #expect(try evaluate(expression) == .bool(true))
  }

  @Test(
    "does not exist",
    arguments: [
      ("context.missing", EvaluationError.Reason.missingAttribute("missing")),
      ("principal.enemy", .missingAttribute("enemy")),
      ("User::\"stranger\".age", .unknownEntity(type: "User")),
      ("context.big + 1", .overflow),
      ("context.big * 2", .overflow),
      ("-context.big - 2", .overflow),
      ("--9223372036854775808", .overflow),
      ("1 + \"a\"", .type(expected: "long", found: "string")),
      ("\"a\" < \"b\"", .type(expected: "long", found: "string")),
      ("1 && true", .type(expected: "bool", found: "long")),
      ("true && 1", .type(expected: "bool", found: "long")),
      ("!principal", .type(expected: "bool", found: "entity of type User")),
      ("if 1 then true else true", .type(expected: "bool", found: "long")),
      ("context.n like \"3\"", .type(expected: "string", found: "long")),
      ("context.n has a", .type(expected: "record or entity", found: "long")),
      ("context has n.a", .type(expected: "record or entity", found: "long")),
      ("\"x\" in principal", .type(expected: "entity", found: "string")),
      ("principal in \"x\"", .type(expected: "entity or set of entities", found: "string")),
      ("principal in [principal, 1]", .type(expected: "entity", found: "long")),
      ("context is User", .type(expected: "entity", found: "record")),
      ("principal.contains(1)", .type(expected: "set", found: "entity of type User")),
      ("context.tags.containsAll(1)", .type(expected: "set", found: "long")),
      ("[context.missing]", .missingAttribute("missing")),
      ("{a: context.missing}", .missingAttribute("missing")),
    ])
  func fails(expression: String, reason: EvaluationError.Reason) {
    let error = #expect(throws: EvaluationError.self) { try evaluate(expression) }
    #expect(error?.reason == reason)
  }

  @Test(
    "follows patterns",
    arguments: [
      ("", "", true), ("", "*", true), ("a", "", false), ("abc", "abc", true), ("abc", "a*", true), ("abc", "*c", true),
      ("abc", "*b*", true), ("abc", "a*b", false), ("abc", "**a***c**", true), ("a*c", #"a\*c"#, true), ("abc", #"a\*c"#, false),
      ("notes/2024/a", "notes/*/a", true), ("aXbXc", "a*b*c", true), ("mississippi", "*issi*ppi", true),
      ("mississippi", "*issi*ppx", false), ("日本語", "日*語", true), ("日本語", "日*本", false),
    ])
  func like(text: String, pattern: String, matches: Bool) throws {
    #expect(try evaluate("\"\(text)\" like \"\(pattern)\"") == .bool(matches))
  }

  @Test("needs no more steps for a hostile pattern than text times pattern")
  func hostilePattern() throws {
    let stars = String(repeating: "*a", count: 100)
    let pattern = try StringLiteral.pattern(of: Array("\"\(stars)b\"".utf8), at: Span(start: 0, end: 203))
    // An engine that tries every split would not come back from this.
    #expect(!pattern.matches(Text(String(repeating: "a", count: 20_000))))
  }
}

@Suite("A set of rules")
struct RuleSetTests {
  private func ask(_ text: String, action: String = "call") throws -> Authorization {
    let request = Request(
      principal: EntityUID("User", "alice"), action: EntityUID("Action", Text(action)), resource: EntityUID("Tool", "t"),
      context: [:])
    let store = EntityStore([
      (EntityUID("User", "alice"), [:], [EntityUID("Role", "member")]),
      (EntityUID("Tool", "t"), [:], [EntityUID("Effect", "write")]),
      (EntityUID("Action", "grouped"), [:], [EntityUID("Action", "call")]),
    ])
    return try RuleSet(rules(text)).authorize(request, store)
  }

  @Test("allows only by a permit, and a forbid outweighs it")
  func combination() throws {
    #expect(try !ask("").isAllowed)
    #expect(try ask("@id(\"p\") permit (principal, action, resource);").isAllowed)
    let both = try ask("@id(\"p\") permit (principal, action, resource); @id(\"f\") forbid (principal, action, resource);")
    #expect(!both.isAllowed)
    #expect(both.permits == [0])
    #expect(both.forbids == [1])
  }

  @Test("skips an erring permit, as Cedar does")
  func erringPermit() throws {
    let text =
      "@id(\"e\") permit (principal, action, resource) when { context.x }; @id(\"p\") permit (principal, action, resource);"
    let answer = try ask(text)
    #expect(answer.isAllowed)
    #expect(answer.permits == [1])
    #expect(answer.errors.map(\.rule) == [0])
  }

  @Test("denies on an erring forbid, where Cedar would allow")
  func erringForbid() throws {
    let text =
      "@id(\"e\") forbid (principal, action, resource) when { context.x }; @id(\"p\") permit (principal, action, resource);"
    let answer = try ask(text)
    #expect(answer.isAllowedByCedar)
    #expect(!answer.isAllowed)
  }

  @Test("does not evaluate rules whose head does not match")
  func heads() throws {
    let text = "@id(\"e\") forbid (principal, action == Action::\"auto\", resource) when { context.x };"
    #expect(try ask(text).errors.isEmpty)
    #expect(try ask(text, action: "auto").hasErroringForbid)
  }

  @Test(
    "matches heads",
    arguments: [
      ("principal, action, resource", true),
      ("principal == User::\"alice\", action == Action::\"call\", resource == Tool::\"t\"", true),
      ("principal == User::\"bob\", action, resource", false),
      ("principal in Role::\"member\", action in [Action::\"auto\", Action::\"call\"], resource in Effect::\"write\"", true),
      ("principal in Role::\"admin\", action, resource", false),
      ("principal in User::\"alice\", action in Action::\"call\", resource is Tool", true),
      ("principal is User in Role::\"member\", action, resource is Tool in Effect::\"write\"", true),
      ("principal is User in Role::\"admin\", action, resource", false),
      ("principal is Skill, action, resource", false),
      ("principal, action in [], resource", false),
      ("principal, action, resource in Effect::\"read\"", false),
    ])
  func head(text: String, matches: Bool) throws {
    #expect(try ask("@id(\"p\") permit (\(text));").isAllowed == matches)
  }

  @Test("a condition that several rules share still errs at its own place in each")
  func sharedErrors() throws {
    let text = """
      @id("a") permit (principal, action, resource) when { false && context.x.y };
      @id("b") permit (principal, action, resource) when { context.x.y };
      @id("c") forbid (principal, action, resource) unless { context.x.y };
      @id("d") permit (principal, action, resource) when { {k: 2}.k == 2 };
      @id("e") permit (principal, action, resource) when { !({k: 2}.k == 2) };
      """
    let answer = try ask(text)
    #expect(answer.permits == [3])
    #expect(answer.errors.map(\.rule) == [1, 2])
    let source = SourceFile(name: "t", text: text)
    #expect(answer.errors.map { source.place(of: $0.error.span) } == ["t:2:54", "t:3:56"])
  }

  @Test("finds rules of a group that the action is in")
  func actionGroups() throws {
    #expect(try ask("@id(\"p\") permit (principal, action in Action::\"call\", resource);", action: "grouped").isAllowed)
    #expect(try !ask("@id(\"p\") permit (principal, action == Action::\"call\", resource);", action: "grouped").isAllowed)
  }

  @Test("survives a hierarchy that leads back to itself")
  func cycle() {
    let store = EntityStore([
      (EntityUID("Role", "a"), [:], [EntityUID("Role", "b")]), (EntityUID("Role", "b"), [:], [EntityUID("Role", "a")]),
    ])
    #expect(store.contains(EntityUID("Role", "a"), within: EntityUID("Role", "b")))
    #expect(!store.contains(EntityUID("Role", "a"), within: EntityUID("Role", "c")))
  }
}

import Testing

@testable import Policy

@Suite("Reading rules")
struct ParserTests {
  /// Wraps a condition so that its first scalar is in column 47.
  private static func condition(_ text: String) -> String {
    "@id(\"a\") permit(principal,action,resource)when{\(text)};"
  }

  @Test(
    "says what is wrong and where",
    arguments: [
      ("permit (principal, action, resource);", 1, 1, "rule without `@id`"),
      ("\n\n  @id(\"a b\") permit (principal, action, resource);", 3, 7, "unusable rule id"),
      ("@id(\"a\") @id(\"b\") permit (principal, action, resource);", 1, 11, "annotation `@id` given twice"),
      ("@id permit (principal, action, resource);", 1, 5, "expected `(` after `@id`, found `permit`"),
      ("@id(\"a\") allow (principal, action, resource);", 1, 10, "expected `permit` or `forbid`, found `allow`"),
      ("@id(\"a\") permit (action, principal, resource);", 1, 18, "expected `principal`, found `action`"),
      (
        "@id(\"a\") permit (principal, action, resource)", 1, 46, "expected `;` at the end of the rule, found the end of the file"
      ),
      ("@id(\"a\") permit (principal in [Role::\"a\"], action, resource);", 1, 31, "only the action may be `in` a list"),
      ("@id(\"a\") permit (principal, action == User::\"a\", resource);", 1, 39, "the action must be an `Action`"),
      ("@id(\"a\") permit (principal, action is Action, resource);", 1, 36, "the action cannot be tested with `is`"),
      ("@id(\"a\") permit (principal == ?principal, action, resource);", 1, 31, "templates are not supported"),
      (
        "@id(\"a\") permit (principal, action, resource) where { true };", 1, 47,
        "expected `when`, `unless` or `;`, found `where`"
      ),
      (condition(""), 1, 48, "empty condition"),
      (condition("1 = 1"), 1, 50, "unexpected `=`"),
      (condition("true & true"), 1, 53, "unexpected `&`"),
      (condition("\"a"), 1, 48, "string without closing quote"),
      (condition("'a' == 1"), 1, 48, "unexpected `'`"),
      (condition("/* x */ true"), 1, 48, "unexpected `/`"),
      (condition("\"é\" == \"\\q\""), 1, 56, "unknown escape"),
      (condition("\"\\*\" == \"\""), 1, 49, "unknown escape"),
      (condition("\"\\u{d800}\" == \"\""), 1, 49, "unknown escape"),
      (condition("9223372036854775808 == 1"), 1, 48, "number too large"),
      (condition("-(9223372036854775808) == 1"), 1, 50, "number too large"),
      (condition("99999999999999999999999 == 1"), 1, 48, "number too large"),
      (condition("12ab == 1"), 1, 48, "`12ab` is not a number"),
      (condition("1 == 1 == true"), 1, 55, "comparisons cannot be chained"),
      (condition("!!!!!true"), 1, 52, "more than four `!` in a row"),
      (condition("contxt.n == 1"), 1, 48, "unknown variable `contxt`"),
      (condition("context.if == 1"), 1, 56, "`if` is a reserved word"),
      (condition("ip(\"1.1.1.1\").isIpv4()"), 1, 48, "there is no function `ip`"),
      (condition("[1].containsall([1])"), 1, 52, "unknown method `containsall`"),
      (condition("[1].contains()"), 1, 52, "`contains` takes 1 argument, not 0"),
      (condition("{a: 1, a: 2}.a == 1"), 1, 55, "key `a` given twice"),
      (condition("\"a\" like context"), 1, 57, "expected a pattern in double quotes after `like`, found `context`"),
      (condition("true and true"), 1, 53, "expected `}` at the end of the condition, found `and`"),
      (condition("(true"), 1, 53, "expected `)` to close the parenthesis, found `}`"),
      (condition("if true then 1"), 1, 62, "expected `else`, found `}`"),
      ("// caf\u{e9} \u{202e} x", 1, 9, "invisible character U+202E"),
      ("\u{feff}// x", 1, 1, "the file starts with a byte-order mark"),
      (condition("é"), 1, 48, "unexpected `é`"),
    ])
  func complains(text: String, line: Int, column: Int, message: String) throws {
    let (rules, problems) = Parser.parse(SourceFile(name: "a.cedar", text: text))
    let problem = try #require(problems.first)
    #expect(rules.isEmpty)
    #expect(problem.message == message)
    #expect(problem.line == line)
    #expect(problem.column == column)
  }

  @Test("shows the line, a caret and a way out")
  func prints() throws {
    let text = "// first\n@id(\"a\")\npermit (principal, action, resource)\n\twhen { contxt.args has path };\n"
    let problem = try #require(Parser.parse(SourceFile(name: "policies/20-notes.cedar", text: text)).problems.first)
    #expect(
      problem.description == """
        policies/20-notes.cedar:4:9: error: unknown variable `contxt`
          4 | \twhen { contxt.args has path };
            | \t       ^~~~~~
          help: did you mean `context`?
        """)
  }

  @Test("goes on after an error and keeps the rules that are right")
  func recovers() {
    let text = """
      @id("a") permit (principal, action, resource) when { 1 + };
      @id("b") permit (principal, action, resource);
      @id("c") permit (principal, action resource);
      """
    let (rules, problems) = Parser.parse(SourceFile(name: "a.cedar", text: text))
    #expect(rules.map(\.id) == ["b"])
    #expect(problems.map(\.line) == [1, 3])
  }

  @Test("refuses bytes that are not UTF-8")
  func encoding() {
    let problems = Parser.parse(SourceFile(name: "a.cedar", bytes: [0x2f, 0x2f, 0xc3, 0x28])).problems
    #expect(problems.map(\.message) == ["the file is not valid UTF-8"])
  }

  @Test(
    "bounds nesting, also where a chain nests without brackets",
    arguments: [
      String(repeating: "(", count: 5000) + "true" + String(repeating: ")", count: 5000),
      String(repeating: "[", count: 5000),
      String(repeating: "if ", count: 5000),
      "1" + String(repeating: " + 1", count: 5000) + " == 2",
      "context" + String(repeating: ".a", count: 5000),
    ])
  func depth(text: String) {
    let problems = Parser.parse(SourceFile(name: "a.cedar", text: Self.condition(text))).problems
    #expect(problems.first?.message == "nested deeper than 64 levels")
  }

  @Test("takes long conjunctions and 60 levels of parentheses")
  func wide() throws {
    #expect(try evaluate(Array(repeating: "true", count: 3000).joined(separator: " && ")) == .bool(true))
    #expect(try evaluate(String(repeating: "(", count: 60) + "true" + String(repeating: ")", count: 60)) == .bool(true))
  }

  @Test("never crashes on a truncated or damaged file")
  func damage() throws {
    let bytes = try #require(try PolicyFolder.read(shippedPolicies).first).bytes
    for length in stride(from: 0, to: bytes.count, by: 7) {
      _ = Parser.parse(SourceFile(name: "a.cedar", bytes: Array(bytes[..<length])))
    }
    var random = Dice(seed: 7)
    for _ in 0..<300 {
      var damaged = bytes
      for _ in 0..<3 { damaged[random.next(below: damaged.count)] = UInt8(random.next(below: 256)) }
      _ = Parser.parse(SourceFile(name: "a.cedar", bytes: damaged))
    }
    #expect(Parser.parse(SourceFile(name: "a.cedar", bytes: bytes)).problems.isEmpty)
  }
}

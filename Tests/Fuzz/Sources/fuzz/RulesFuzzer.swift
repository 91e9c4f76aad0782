@testable import Policy

/// A rule file, as the house and as official Cedar read it. What the house takes official Cedar takes too, and it can be evaluated;
/// it can also be held against types, and every complaint can be printed.
func fuzzRules(_ input: UnsafeRawBufferPointer) -> CInt {
  let source = SourceFile(name: "fuzz.cedar", bytes: Array(input))
  let own = Parser.parse(source)
  let official = Parser.parse(source, as: .official)
  precondition(!own.problems.isEmpty || official.problems.isEmpty, "taken here and refused there")
  for problem in own.problems + official.problems { precondition(!problem.description.isEmpty) }
  guard official.rules.count <= Parser.maximumRules else { return 0 }
  let uid = { (type: Text, id: String) in EntityUID(type, id) }
  let request = Request(
    principal: uid("User", "a"), action: uid("Action", "call"), resource: uid("Tool", "t"),
    context: ["n": .long(.max), "args": .record(["path": .string("a/b")]), "scene": .entity(uid("Scene", "group:1"))])
  let store = EntityStore([
    (uid("User", "a"), [:], [uid("Role", "member")]), (uid("Tool", "t"), [:], [uid("Effect", "write")]),
  ])
  let rules = RuleSet(official.rules)
  let answer = rules.authorize(request, store)
  let traces = rules.trace(request, store)
  precondition(traces.filter { $0.verdict == .satisfied }.count == answer.permits.count + answer.forbids.count)
  let house = HouseSchema(
    RuleWorld(tools: [], capabilities: ["kv.get"]), roles: RolesTable(), gates: GatesTable([]), toolsets: ToolsetsTable())
  for rule in official.rules { _ = RuleChecker(house.schema, house.general).findings(in: rule) }
  _ = try? Parser.schema(source)
  return 0
}

/// The tables: whatever YAML comes, each reader gives values or complaints with a place.
func fuzzTables(_ input: UnsafeRawBufferPointer) -> CInt {
  let source = SourceFile(name: "fuzz.yaml", bytes: Array(input))
  var tests = TableReader(source)
  _ = tests.ruleTests(gates: ["default_write"], rules: ["member-read"])
  let problems = tests.problems + RolesTable.read(source).problems + GatesTable.read(source).problems
  for problem in problems + ToolsetsTable.read(source).problems { precondition(!problem.description.isEmpty) }
  return 0
}

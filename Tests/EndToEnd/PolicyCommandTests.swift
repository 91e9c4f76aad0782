import Core
import Foundation
import Testing

@Suite("openclaw policy", .timeLimit(.minutes(5)))
struct PolicyCommandTests {
  private let house: House

  init() throws {
    house = try House()
  }

  private func openclaw(_ arguments: String...) async throws -> Finished {
    try await Finished.run(ServiceProcess.program("openclaw"), ["policy"] + arguments, in: house.folder)
  }

  private func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: house.folder.appending(path: name))
  }

  @Test("the shipped rules are in order and tested, against the example skills")
  func shipped() async throws {
    let check = try await openclaw("check")
    #expect(check.status == 0 && check.output == "11 rules are in order, held against 11 tools.\n", "\(check)")
    let test = try await openclaw("test", "--json")
    #expect(test.status == 0, "\(test)")
    #expect(try JSON(parsing: test.output)["never_refused"] == [])
  }

  @Test("a mistake is shown with its place and a way out, and exits with 1")
  func mistake() async throws {
    try write(
      "policies/20-more.cedar",
      """
      @id("a") permit (principal in Role::"member", action == Action::"auto", resource == Tool::"tickets.crate");
      @id("b") permit (principal, action == Action::"auto", resource == Tool::"tickets.create") when { context.args.priority > 1 };
      """)
    let check = try await openclaw("check")
    #expect(check.status == 1)
    #expect(check.output.contains("policies/20-more.cedar:1:85: error: unknown Tool `tickets.crate`"), "\(check)")
    #expect(check.output.contains("help: did you mean `tickets.create`?"), "\(check)")
    #expect(check.output.contains("help: context.args has priority && …"), "\(check)")
    let json = try JSON(parsing: try await openclaw("check", "--json").output)
    #expect(
      json["ok"] == false && json["problems"]?.array?.map { $0["code"] } == ["unknown_name", "unguarded_optional"], "\(json)")
  }

  @Test("a rule that no test has seen is named, and exits with 1")
  func coverage() async throws {
    try write(
      "policies/20-more.cedar", "@id(\"new\") forbid (principal, action == Action::\"call\", resource == Tool::\"echo\");")
    let test = try await openclaw("test")
    #expect(test.status == 1 && test.output.contains("No test has these rules hold: new\n"), "\(test)")
  }

  @Test("an explanation names the outcome and what every rule was decided by")
  func explain() async throws {
    let gated = try await openclaw("explain", "--user", "playground:alice", "--tool", "tickets.create", "--scene", "group:demo")
    #expect(gated.status == 0 && gated.output.hasPrefix("gate default_write by member-write\n"), "\(gated)")
    #expect(gated.output.contains("forbid no-rule-edit does not hold because of: context.args has path\n"), "\(gated)")
    let json = try await openclaw("explain", "--user", "root", "--tool", "new.tool", "--effect", "read", "--json")
    #expect(try JSON(parsing: json.output)["outcome"] == "allow", "\(json)")
    let unknown = try await openclaw("explain", "--user", "root", "--tool", "ticket.create")
    #expect(unknown.status == 1 && unknown.errors.contains("did you mean 'tickets.create'?"), "\(unknown)")
    #expect(try await openclaw("explain", "--user", "root", "--tool", "echo", "--args", "[]").status == 64)
  }

  @Test("official Cedar's questions are answered in its form")
  func eval() async throws {
    try write("p.cedar", "permit (principal, action, resource); forbid (principal, action, resource) when { context.n };")
    try write("e.json", "[]")
    let request = #""principal":{"type":"U","id":"a"},"action":{"type":"Action","id":"v"},"resource":{"type":"U","id":"b"}"#
    try write("r.json", "{\(request),\"context\":{}}")
    try write("many.json", "{\"requests\":[{\(request),\"context\":{\"n\":true}}]}")
    let one = try await openclaw("eval", "--policies", "p.cedar", "--entities", "e.json", "--request", "r.json", "--json")
    #expect(one.output == #"{"decision":"allow","errors":["policy1"],"ok":true,"reason":["policy0"]}"# + "\n", "\(one)")
    let many = try await openclaw("eval", "--policies", "p.cedar", "--entities", "e.json", "--request", "many.json", "--json")
    #expect(many.output == #"{"answers":[{"decision":"deny","errors":[],"reason":["policy1"]}],"ok":true}"# + "\n", "\(many)")
    try write("p.cedar", "permit (principal, action, resource) when { 1 = 1 };")
    let wrong = try await openclaw("eval", "--policies", "p.cedar", "--entities", "e.json", "--request", "r.json")
    #expect(wrong.status == 1 && wrong.errors.hasPrefix("p.cedar:1:47: error: unexpected `=`"), "\(wrong)")
  }
}

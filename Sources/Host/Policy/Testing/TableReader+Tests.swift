package import Core
import Yams

/// Reads tables of tests: a list of questions, each with the answer that must come.
extension TableReader {
  mutating func ruleTests(gates: Set<String>, rules: Set<String>) -> [RuleTest] {
    guard let root = root() else { return [] }
    return list(root, "the file").compactMap { ruleTest($0, gates: gates, rules: rules) }
  }

  private mutating func ruleTest(_ node: Node, gates: Set<String>, rules: Set<String>) -> RuleTest? {
    let before = problems.count
    let fields = fields(node, "a test", required: ["name", "expect"], optional: ["call", "approve", "use"])
    let name = fields["name"].flatMap { string($0, "a name") }
    let questions = ["call", "approve", "use"].filter { fields[$0] != nil }
    guard let kind = questions.first, questions.count == 1, let questionNode = fields[kind] else {
      if problems.count == before { report("a test asks one question", at: node, help: "call, approve or use") }
      return nil
    }
    let (question, mode) = self.question(kind, questionNode, gates: gates)
    let expectation = fields["expect"].flatMap { self.expectation($0, gates: gates, rules: rules) }
    guard problems.count == before, let name, let question, let expectation else { return nil }
    return RuleTest(
      name: name, question: question, mode: mode, expectation: expectation, source: source, line: node.mark?.line ?? 1,
      column: node.mark?.column ?? 1)
  }

  private mutating func expectation(_ node: Node, gates: Set<String>, rules: Set<String>) -> RuleTest.Expectation? {
    let fields = fields(node, "`expect`", required: ["outcome"], optional: ["rules", "gates", "reason", "trials"])
    let outcomes = RuleTest.Outcome.allCases.map(\.rawValue)
    guard let outcome = fields["outcome"].flatMap({ one(of: outcomes, $0, "`outcome`") }).flatMap(RuleTest.Outcome.init)
    else { return nil }
    return RuleTest.Expectation(
      outcome: outcome, rules: fields["rules"].map { names($0, "`rules`", among: rules) },
      gates: fields["gates"].map { names($0, "`gates`", among: gates) },
      reason: fields["reason"].flatMap { one(of: Denial.Code.allCases.map(\.rawValue), $0, "`reason`") },
      trials: fields["trials"].map { names($0, "`trials`", among: rules) })
  }

  private mutating func names(_ node: Node, _ what: String, among known: Set<String>) -> [String] {
    list(node, what).compactMap { element in
      string(element, "a name in \(what)").flatMap { name in
        if known.contains(name) { return name }
        report("\(what) names `\(name)`, which does not exist", at: element, help: suggestion(for: name, among: known))
        return nil
      }
    }
  }
}

// MARK: - Questions

extension TableReader {
  private mutating func question(_ kind: String, _ node: Node, gates: Set<String>) -> (RuleTest.Question?, Mode) {
    let place = ["scene", "channel", "at", "mode", "origin", "args", "skill", "effect"]
    switch kind {
    case "call":
      let fields = fields(node, "`call`", required: ["user", "tool"], optional: ["roles"] + place)
      let user = fields["user"].flatMap { string($0, "`user`") } ?? ""
      let call = call(fields, by: user)
      return (.call(call, roles: fields["roles"].map { roles($0, "`roles`") }), mode(fields))
    case "approve":
      let fields = fields(node, "`approve`", required: ["by", "requester", "tool"], optional: ["roles", "gate"] + place)
      let approver = fields["by"].flatMap { string($0, "`by`") } ?? ""
      let call = call(fields, by: fields["requester"].flatMap { string($0, "`requester`") } ?? "")
      let gate = fields["gate"].flatMap { one(of: gates.sorted(), $0, "`gate`") } ?? Gate.defaultName
      return (.approve(call, approver: approver, roles: fields["roles"].map { roles($0, "`roles`") }, gate: gate), mode(fields))
    default:
      let fields = fields(node, "`use`", required: ["skill", "capability"], optional: ["user", "effect", "at", "mode"])
      let question = UseQuestion(
        skill: fields["skill"].flatMap { string($0, "`skill`") } ?? "",
        capability: fields["capability"].flatMap { string($0, "`capability`") } ?? "", effect: effect(fields),
        requester: fields["user"].flatMap { string($0, "`user`") } ?? "test:anybody", now: time(fields))
      return (.use(question), mode(fields))
    }
  }

  private mutating func call(_ fields: [String: Node], by requester: String) -> CallQuestion {
    let name = fields["tool"].flatMap { string($0, "`tool`") } ?? ""
    let tool = Tool(
      name: name, skill: fields["skill"].flatMap { string($0, "`skill`") } ?? "test", build: "", summary: "",
      effect: effect(fields), parameters: [], rest: nil)
    let origins = ["command", "model", "schedule"]
    return CallQuestion(
      requester: requester, tool: tool, arguments: fields["args"].flatMap { json($0, "`args`") } ?? [:],
      conversation: Conversation(
        channel: fields["channel"].flatMap { string($0, "`channel`") } ?? "test", account: "test",
        scene: fields["scene"].flatMap { scene($0) } ?? Scene(.group, "test")),
      origin: fields["origin"].flatMap { one(of: origins, $0, "`origin`") }.flatMap(Origin.init) ?? .command, now: time(fields))
  }

  private mutating func effect(_ fields: [String: Node]) -> Effect {
    fields["effect"].flatMap { one(of: ["read", "write"], $0, "`effect`") }.flatMap(Effect.init) ?? .write
  }

  private mutating func mode(_ fields: [String: Node]) -> Mode {
    fields["mode"].flatMap { one(of: Mode.allCases.map(\.rawValue), $0, "`mode`") }.flatMap(Mode.init) ?? .normal
  }

  private mutating func scene(_ node: Node) -> Scene? {
    guard let text = string(node, "`scene`") else { return nil }
    if let scene = Scene(text: text) { return scene }
    report("unusable scene `\(text)`", at: node, help: "group:<id>, private:<id>, guild:<id> or guild-private:<id>")
    return nil
  }

  private mutating func time(_ fields: [String: Node]) -> Timestamp {
    guard let node = fields["at"], let text = string(node, "`at`") else { return WeekTime.noonOnMonday }
    if let time = WeekTime.time(text) { return time }
    report("unusable time `\(text)`", at: node, help: "a day and a time in UTC: Mon 12:00")
    return WeekTime.noonOnMonday
  }
}

// MARK: - Arguments

extension TableReader {
  /// A value as in JSON. A plain word that other readers of YAML take for something else has to be quoted.
  private mutating func json(_ node: Node, _ what: String) -> JSON? {
    switch node {
    case .mapping:
      var members: [String: JSON] = [:]
      for (key, _, value) in entries(node, what) { members[key] = json(value, "`\(key)`") }
      return .object(members)
    case .sequence(let elements): return .array(elements.compactMap { json($0, "an element") })
    case .scalar(let scalar):
      guard scalar.style == .plain else { return .string(scalar.string) }
      return plain(scalar.string, node)
    case .alias: return nil
    }
  }

  private mutating func plain(_ text: String, _ node: Node) -> JSON? {
    if text == "true" || text == "false" { return .bool(text == "true") }
    if text == "null" { return .null }
    if text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/) != nil {
      if let number = try? JSON(parsing: text) { return number }
      report("`\(text)` is too large a number", at: node)
      return nil
    }
    // What is left and begins like a number, or is a word for yes or no, is read in more than one way.
    let words = ["yes", "no", "on", "off", "y", "n", "~", "", "nan", ".nan", ".inf"]
    if words.contains(text.lowercased()) || text.wholeMatch(of: /[-+]?[.0-9].*/) != nil {
      report("`\(text)` can be read in more than one way", at: node, help: "put it in quotes")
      return nil
    }
    return .string(text)
  }
}

/// Times within a week, in UTC.
package enum WeekTime {
  /// Monday, 8 January 2024, 12:00.
  static let noonOnMonday = Timestamp(seconds: monday + 12 * 3600)
  private static let monday: Int64 = 1_704_672_000
  private static let days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

  /// `Mon 12:00`; nil when it is none.
  package static func time(_ text: String) -> Timestamp? {
    guard let match = text.wholeMatch(of: /([A-Z][a-z]{2}) ([01][0-9]|2[0-3]):([0-5][0-9])/),
      let day = days.firstIndex(of: String(match.1)), let hour = Int64(match.2), let minute = Int64(match.3)
    else { return nil }
    return Timestamp(seconds: monday + Int64(day) * 86_400 + hour * 3600 + minute * 60)
  }
}

extension Scene {
  /// `group:20002`; nil when it is none.
  package init?(text: String) {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2, let kind = Kind(rawValue: parts[0]) else { return nil }
    self.init(kind, parts[1])
  }
}

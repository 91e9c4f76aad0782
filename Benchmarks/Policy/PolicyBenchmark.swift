import Core
import Foundation
import Policy

/// What a decision costs with many rules and deep hierarchies, and what a reload with tests costs: `policy-benchmark [rounds]`.
@main
struct PolicyBenchmark {
  static func main() {
    do {
      let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 3
      let folder = FileManager.default.temporaryDirectory.appending(path: "policy-benchmark-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: folder) }
      var decisions: [[Double]] = []
      var reloads: [Double] = []
      for round in 0..<rounds {
        let small = try RuleFolder(folder.appending(path: "decide-\(round)"), rules: 500, tests: 0)
        decisions.append(try measureDecisions(small))
        let large = try RuleFolder(folder.appending(path: "reload-\(round)"), rules: 1000, tests: 2000)
        reloads += try measureReloads(large)
      }
      print("policy: \(rounds) rounds")
      print(line("decision, 500 rules, a user in 200 roles: p50", decisions.map { $0.quantile(0.5) }.quantile(0.5), "µs"))
      print(
        line("  p99, median of the rounds (meant to be at most 50 µs)", decisions.map { $0.quantile(0.99) }.quantile(0.5), "µs"))
      print(line("  p99, worst round", decisions.map { $0.quantile(0.99) }.max() ?? 0, "µs"))
      print(line("reload, 1,000 rules and 2,000 tests (meant to be at most 500 ms)", reloads.quantile(0.5) / 1000, "ms"))
      print(line("  slowest", (reloads.max() ?? 0) / 1000, "ms"))
    } catch {
      FileHandle.standardError.write(Data("policy-benchmark: \(error)\n".utf8))
      exit(70)
    }
  }

  /// Microseconds of processor time of each of many decisions, over calls that differ in tool, arguments and time.
  private static func measureDecisions(_ rules: RuleFolder) throws -> [Double] {
    let snapshot = try PolicySnapshot.load(directory: rules.path)
    let engine = PolicyEngine(snapshot: snapshot)
    let questions = (0..<500).map(rules.question)
    var outcomes: Set<String> = []
    for question in questions { outcomes.insert("\(engine.decideCall(question))".prefix(5).description) }
    guard outcomes.count == 3 else { throw Problem("the rules do not allow, gate and deny: \(outcomes)") }
    return (0..<20_000).map { index in
      let question = questions[index % questions.count]
      let start = processorTime()
      _ = engine.decideCall(question)
      return Double(processorTime() - start) / 1000
    }
  }

  /// Nanoseconds that this thread has computed: what else runs on the machine does not count.
  private static func processorTime() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  /// Microseconds of each reload: files read, parsed, checked and tested.
  private static func measureReloads(_ rules: RuleFolder) throws -> [Double] {
    let clock = ContinuousClock()
    return try (0..<5).map { _ in
      let time = try clock.measure { _ = try PolicySnapshot.load(directory: rules.path) }
      return Double(time.components.seconds) * 1e6 + Double(time.components.attoseconds) / 1e12
    }
  }

  private static func line(_ name: String, _ value: Double, _ unit: String) -> String {
    name + String(repeating: " ", count: max(1, 70 - name.count)) + String(format: "%10.1f ", value) + unit
  }
}

/// A folder of made-up rules for a house of 200 roles and 50 tools: most speak of one role and one tool, many have conditions.
private struct RuleFolder {
  let path: String
  private static let roles = 200
  private static let tools = 50

  init(_ folder: URL, rules: Int, tests: Int) throws {
    path = folder.path
    try FileManager.default.createDirectory(at: folder.appending(path: "tests"), withIntermediateDirectories: true)
    let roles = (0..<Self.roles).map { "role\($0)" }.joined(separator: ", ")
    try Self.write(
      "people:\n  - { name: busy, roles: [\(roles)], ids: [\"bench:busy\"] }\ndefaults: { everyone: [member] }\n",
      to: folder.appending(path: "roles.yaml"))
    try Self.write((0..<rules).map(Self.rule).joined(separator: "\n"), to: folder.appending(path: "rules.cedar"))
    // A file holds 256 KiB.
    for start in stride(from: 0, to: tests, by: 500) {
      let table = (start..<min(start + 500, tests)).map { index in
        """
        - name: test \(index)
          call: { user: "bench:nobody", roles: [], tool: tool\(index % Self.tools), args: { path: "a/\(index)" } }
          expect: { outcome: deny, reason: no_permit }
        """
      }
      try Self.write(table.joined(separator: "\n"), to: folder.appending(path: "tests/from\(start).yaml"))
    }
  }

  private static func write(_ text: String, to file: URL) throws {
    try Data(text.utf8).write(to: file)
  }

  private static func rule(_ index: Int) -> String {
    let head = "principal in Role::\"role\(index * 7 % roles)\", action == Action::\"call\""
    let tool = "resource == Tool::\"tool\(index % tools)\""
    switch index % 5 {
    case 0: return "@id(\"r\(index)\") permit (\(head), \(tool));"
    case 1:
      return
        "@id(\"r\(index)\") permit (\(head), resource) when { context.args has path && context.args.path like \"a/\(index)/*\" };"
    case 2:
      // The tool of the permit before this rule.
      let tool = "resource == Tool::\"tool\((index + tools - 1) % tools)\""
      let other = "Role::\"role\(index * 3 % roles)\""
      return
        "@id(\"r\(index)\") permit (principal, action == Action::\"auto\", \(tool)) when { principal in \(other) && \(index % 60) < context.minute };"
    case 3:
      return
        "@id(\"r\(index)\") forbid (\(head), \(tool)) when { context.args has path && context.args.path like \"*secret\(index)*\" };"
    default:
      return
        "@id(\"r\(index)\") forbid (\(head), resource in Effect::\"write\") unless { context.minute >= \(index % 600) || principal in Role::\"role\(index % roles)\" };"
    }
  }

  func question(_ index: Int) -> CallQuestion {
    let tool = Tool(
      name: "tool\(index % Self.tools)", skill: "org.example.bench", build: "", summary: "",
      effect: index % 3 == 0 ? .read : .write, parameters: [], rest: nil)
    let path = index % 7 == 0 ? "a/x/secret\(index / 50 * 50 + index % 50)" : "a/\(index)/b"
    return CallQuestion(
      requester: index % 11 == 0 ? "bench:stranger" : "bench:busy", tool: tool,
      arguments: ["path": .string(path), "n": .integer(Int64(index))],
      conversation: Conversation(channel: "bench", account: "bot", scene: Scene(.group, "1")), origin: .command,
      now: Timestamp(seconds: 1_704_672_000 + Int64(index) * 600))
  }
}

private struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension [Double] {
  /// 0 when there is no value.
  fileprivate func quantile(_ share: Double) -> Double {
    isEmpty ? 0 : sorted()[Swift.min(count - 1, Int(Double(count) * share))]
  }
}

import ArgumentParser
import Core
import Policy

/// `openclaw policy test`
struct PolicyTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run the tables in policies/tests, and say which rules they leave out.",
    discussion: """
      Exits with 1 when a test fails, or when a rule was not seen both ways: holding in one test, not holding in another.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let desk = try PolicyDesk(options)
    let run: RuleTests
    do {
      run = try RuleTests.run(directory: desk.folder)
    } catch {
      try PolicyDesk.tell(
        "\(error)", fields: ["problems": .array(error.problems.map(\.fields))], isFine: false, code: "unusable_rules", output)
      return
    }
    var lines = run.problems.map(\.description)
    if !run.neverSatisfied.isEmpty { lines.append("No test has these rules hold: \(run.neverSatisfied.joined(separator: ", "))") }
    if !run.neverRefused.isEmpty { lines.append("No test has these rules not hold: \(run.neverRefused.joined(separator: ", "))") }
    let failed = run.problems.isEmpty ? "" : ", \(run.problems.count) failed"
    lines.append("\(run.count) \(run.count == 1 ? "test" : "tests")\(failed).")
    try PolicyDesk.tell(
      lines.joined(separator: "\n"),
      fields: [
        "tests": .integer(Int64(run.count)), "problems": .array(run.problems.map(\.fields)),
        "never_satisfied": .array(run.neverSatisfied.map(JSON.string)),
        "never_refused": .array(run.neverRefused.map(JSON.string)),
      ], isFine: run.problems.isEmpty && run.coversEverything, code: run.problems.isEmpty ? "not_covered" : "tests_failed", output
    )
  }
}

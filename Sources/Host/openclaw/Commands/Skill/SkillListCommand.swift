import ArgumentParser
import Core
import Skills

/// `openclaw skill list`
struct SkillListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show every skill, its version and how it stands.",
    discussion: """
      Asks the service when it runs; otherwise looks at the files in the plug-in folder, without running any of their code.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let desk = try SkillDesk(options)
      let overview = try desk.overview()
      var fields: [String: JSON] = [
        "running": .bool(overview.isServed), "skills": .array(overview.report.skills.map(\.json)),
      ]
      fields["problem"] = overview.report.problem.map { .string($0) }
      if overview.isServed { fields["pid"] = .integer(Int64(overview.report.process)) }
      return .init(text: Self.text(of: overview, plugins: desk.configuration.plugins), fields: fields)
    }
  }

  static func text(of overview: SkillOverview, plugins: String) -> String {
    var lines: [String] = []
    if !overview.isServed { lines.append("The service is not running. This is what the files in \(plugins) hold:") }
    if let problem = overview.report.problem { lines.append("DECISIONS: \(problem.printable)") }
    let skills = overview.report.skills
    guard !skills.isEmpty else { return (lines + ["No skills in \(plugins)."]).joined(separator: "\n") }
    let rows =
      [["SKILL", "VERSION", "STATE", "TOOLS", "FILE", "BUILD"]]
      + skills.map { skill in
        [
          skill.skill, skill.version ?? "-", skill.state, "\(skill.tools.count)", skill.file,
          (skill.build ?? skill.offered).map { String($0.prefix(12)) } ?? "-",
        ].map(\.printable)
      }
    let remarks = [nil] + skills.map { skill in skill.detail.map { "  \($0.printable)" } }
    for (row, remark) in zip(TextTable.lines(rows), remarks) { lines += [row] + [remark].compactMap(\.self) }
    return lines.joined(separator: "\n")
  }
}

import ArgumentParser
import Core
import Skills

/// `openclaw skill logs`
struct SkillLogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Show the last lines that a skill wrote, and what the host noted of it.")

  @Argument(help: "The skill's id, or the last part of it.")
  var name: String

  @Option(help: ArgumentHelp("How many lines.", valueName: "number"))
  var lines = 50

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...100_000).contains(lines) else { throw ValidationError("--lines must be from 1 to 100000.") }
  }

  func run() async throws {
    try await output.report {
      let desk = try SkillDesk(options)
      let id = try desk.overview().found(name)
      let last = SkillLogFiles.lastLines(of: id, data: desk.configuration.data, limit: lines) ?? []
      let text = last.isEmpty ? "\(id) has written nothing." : last.map(\.printable).joined(separator: "\n")
      return .init(text: text, fields: ["skill": .string(id), "lines": .array(last.map { .string($0) })])
    }
  }
}

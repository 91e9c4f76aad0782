import ArgumentParser

/// `openclaw skill disable`
struct SkillDisableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Stop serving a skill, until it is enabled again.",
    discussion: "A running service follows at once; calls in flight are finished. Survives restarts.")

  @Argument(help: "The skill's id, or the last part of it.")
  var name: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report { try await SkillDesk(options).setDisabled(name, true) }
  }
}

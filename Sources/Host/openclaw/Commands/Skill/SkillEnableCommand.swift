import ArgumentParser

/// `openclaw skill enable`
struct SkillEnableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Serve a skill again that was disabled.",
    discussion: "A running service follows at once; calls in flight are finished. Survives restarts.")

  @Argument(help: "The skill's id, or the last part of it.")
  var name: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report { try await SkillDesk(options).setDisabled(name, false) }
  }
}

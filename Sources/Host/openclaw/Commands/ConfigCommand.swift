import ArgumentParser

/// `openclaw config …`
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Look at the configuration.", subcommands: [Check.self])

  /// `openclaw config check`
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read the configuration as the service would, and say what is in force or everything that is wrong.",
      discussion: "Reads the file, the environment and every secret, and starts nothing. Exits with 78 when something is wrong.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await output.report {
        let loaded = try options.load()
        return OutputOptions.Report(text: loaded.overview, fields: ["configuration": loaded.summary])
      }
    }
  }
}

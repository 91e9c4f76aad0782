import ArgumentParser

/// `--config`, for every verb that needs the configuration.
struct ConfigurationOptions: ParsableArguments {
  @Option(
    name: .customLong("config"),
    help: ArgumentHelp(
      "The configuration file.",
      discussion: "Without it: the file that OPENCLAW_CONFIG names, else openclaw.yaml in this folder, else built-in defaults.",
      valueName: "path"))
  var file: String?

  func load(flags: [ConfigurationLoader.Flag] = []) throws(ConfigurationError) -> Configuration {
    try ConfigurationLoader().load(file: file, flags: flags)
  }
}

import ArgumentParser

/// `openclaw serve`
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Run the service until it is told to stop.",
    discussion: """
      Flags win over OPENCLAW_… environment variables, which win over the configuration file. SIGTERM or Ctrl-C ends the \
      service after what it has begun is finished.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(help: "The name or address to listen on.")
  var host: String?

  @Option(help: "The port to listen on, 0 for any free one.")
  var port: String?

  @Option(help: ArgumentHelp("Whether each tool call leaves one line in the log.", valueName: "true|false"))
  var logToolCalls: String?

  @Option(help: ArgumentHelp("A certificate chain in PEM form, to serve with TLS; needs --tls-key.", valueName: "path"))
  var tlsCert: String?

  @Option(help: ArgumentHelp("The key of that certificate, in PEM form, in a private file.", valueName: "path"))
  var tlsKey: String?

  private var flags: [ConfigurationLoader.Flag] {
    let given = [
      ("server.host", "--host", host), ("server.port", "--port", port),
      ("server.log_tool_calls", "--log-tool-calls", logToolCalls), ("server.tls_cert", "--tls-cert", tlsCert),
      ("server.tls_key", "--tls-key", tlsKey),
    ]
    return given.compactMap { path, name, text in
      text.map { ConfigurationLoader.Flag(path: path, text: $0, name: name) }
    }
  }

  /// A wrong value of a flag is wrong usage, not bad configuration.
  func validate() throws {
    for flag in flags {
      var ignored = Configuration()
      do {
        try Setting.named(flag.path)?.apply(flag.text, &ignored)
      } catch {
        throw ValidationError("\(flag.name) \(error.reason).")
      }
    }
  }

  func run() async throws {
    try await Server.run(try options.load(flags: flags))
  }
}

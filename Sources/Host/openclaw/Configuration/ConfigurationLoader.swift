import Approvals
import Core
import Foundation

/// Finds the file and lets the sources speak in order: defaults, file, environment, flags. The last word counts.
struct ConfigurationLoader: Sendable {
  /// A value from the command line.
  struct Flag: Sendable {
    /// As in `Setting.path`.
    let path: String
    let text: String
    /// `--port`, for error messages.
    let name: String
  }

  let environment: [String: String]
  /// Absolute.
  let workingDirectory: String

  static let maximumFileBytes = 1024 * 1024
  private static let fileVariable = "OPENCLAW_CONFIG"

  init(
    environment: [String: String] = ProcessInfo.processInfo.environment, workingDirectory: String = FilePlace.workingDirectory
  ) {
    self.environment = environment
    self.workingDirectory = workingDirectory
  }

  /// The whole configuration with absolute paths and with every secret read.
  ///
  /// - Parameter file: a path from the command line; without it `OPENCLAW_CONFIG`, then `openclaw.yaml` in the working directory.
  func load(file: String? = nil, flags: [Flag] = []) throws(ConfigurationError) -> Configuration {
    var configuration = Configuration()
    var problems: [ConfigurationProblem] = []
    var secretVariables: Set<String> = []
    var folder = workingDirectory

    let source = try chosenFile(file)
    if let source {
      folder = FilePlace.folder(of: source.path)
      var reader = ConfigurationReader(name: source.name, folder: folder, environment: environment)
      try reader.read(text(of: source))
      configuration = reader.configuration
      configuration.file = source.path
      problems = reader.problems
      secretVariables = reader.secretVariables
    }
    problems += applyEnvironment(to: &configuration, except: secretVariables)
    for flag in flags {
      do {
        try Setting.named(flag.path)?.apply(flag.text, &configuration)
      } catch {
        problems.append(ConfigurationProblem(place: nil, message: "\(flag.name) \(error.reason)"))
      }
    }
    problems += Self.contradictions(in: configuration).map { ConfigurationProblem(place: source?.name, message: $0) }
    guard problems.isEmpty else { throw ConfigurationError(problems) }
    configuration.resolvePaths(against: folder)
    return configuration
  }
}

extension ConfigurationLoader {
  /// A file under the name that the operator gave it and under its absolute path.
  private struct Source {
    let name: String
    let path: String
  }

  private func chosenFile(_ flag: String?) throws(ConfigurationError) -> Source? {
    if let flag {
      guard !flag.isEmpty else { throw ConfigurationError("--config must name a file") }
      return Source(name: flag, path: FilePlace.join(workingDirectory, flag))
    }
    if let variable = environment[Self.fileVariable] {
      guard !variable.isEmpty else { throw ConfigurationError("\(Self.fileVariable) is set but empty; unset it or name a file") }
      return Source(name: variable, path: FilePlace.join(workingDirectory, variable))
    }
    let path = FilePlace.join(workingDirectory, "openclaw.yaml")
    return FileManager.default.fileExists(atPath: path) ? Source(name: "openclaw.yaml", path: path) : nil
  }

  private func text(of source: Source) throws(ConfigurationError) -> String {
    guard let handle = FileHandle(forReadingAtPath: source.path) else {
      throw ConfigurationError("the configuration file cannot be read: \(String(cString: strerror(errno)))", at: source.name)
    }
    guard let data = try? handle.read(upToCount: Self.maximumFileBytes + 1) ?? Data() else {
      throw ConfigurationError("the configuration file cannot be read; is it a folder?", at: source.name)
    }
    guard data.count <= Self.maximumFileBytes else {
      throw ConfigurationError("the configuration file is larger than 1 MiB", at: source.name)
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw ConfigurationError("the configuration file is not UTF-8 text", at: source.name)
    }
    return text
  }

  private func applyEnvironment(to configuration: inout Configuration, except secrets: Set<String>) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    let names = environment.keys.filter { $0.hasPrefix("OPENCLAW_") && $0 != Self.fileVariable && !secrets.contains($0) }
    for name in names.sorted() {
      let place = "environment variable \(name)"
      guard let setting = Setting.all.first(where: { $0.environmentName == name }) else {
        problems.append(ConfigurationProblem(place: place, message: "there is no such setting; \(Self.advice(for: name))"))
        continue
      }
      do {
        try setting.apply(environment[name] ?? "", &configuration)
      } catch {
        problems.append(ConfigurationProblem(place: place, message: "the value \(error.reason)"))
      }
    }
    return problems
  }

  private static func advice(for name: String) -> String {
    let known = Setting.all.map(\.environmentName) + [fileVariable]
    // Without the part that all have in common, which would make any two look alike.
    let part = String(name.dropFirst("OPENCLAW_".count))
    let parts = known.map { String($0.dropFirst("OPENCLAW_".count)) }
    if let nearest = NearestName.nearest(to: part, among: parts) ?? parts.first(where: { $0.hasSuffix("_\(part)") }) {
      return "did you mean OPENCLAW_\(nearest)?"
    }
    return "unset it, or use one of \(known.joined(separator: ", "))"
  }

  /// What only the whole can show.
  private static func contradictions(in configuration: Configuration) -> [String] {
    var messages: [String] = []
    let model = configuration.model
    if model.baseURL == nil, model.model != nil || !model.apiKeys.isEmpty || !model.fallback.isEmpty {
      messages.append("'model' needs 'base_url'")
    }
    if model.baseURL != nil, model.model == nil { messages.append("'model' needs 'model', the name of a model") }
    let names = configuration.channels.map(\.name)
    for chat in configuration.approvals.opsChats where !names.contains(chat.channel) {
      messages.append(
        "'approvals.ops_chats' names the channel '\(chat.channel)', which there is not\(NearestName.hint(for: chat.channel, among: names))"
      )
    }
    let server = configuration.server
    if (server.tlsCertificate == nil) != (server.tlsKey == nil) {
      messages.append("'server' needs both 'tls_cert' and 'tls_key', or none of them")
    }
    if !configuration.server.isLoopbackOnly {
      for channel in configuration.channels {
        guard case .oneBot(let settings) = channel.kind else { continue }
        messages += openDoors(of: settings).map {
          "channel '\(channel.name)': \($0), because server.host \(configuration.server.host) is open to the network"
        }
      }
    }
    return messages
  }

  /// Ways in that anybody who can connect could speak through.
  private static func openDoors(of settings: Channel.OneBot) -> [String] {
    var doors: [String] = []
    if settings.transports.contains(.http), settings.secrets.isEmpty { doors.append("transport http needs 'secret'") }
    if settings.transports.contains(.reverseWebSocket), settings.accessTokens.isEmpty {
      doors.append("transport reverse-websocket needs 'access_token'")
    }
    return doors
  }
}

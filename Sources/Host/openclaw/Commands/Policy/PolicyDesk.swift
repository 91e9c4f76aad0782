import ArgumentParser
import Core
import Policy
import Skills

/// What the verbs about rules have in common: where the rules are, what there is beside them, and how problems are told.
struct PolicyDesk {
  let configuration: Configuration

  init(_ options: ConfigurationOptions) throws(ConfigurationError) {
    configuration = try options.load()
  }

  var folder: String { configuration.policies }

  /// The tools of the plug-in folder and the host's capabilities.
  var world: RuleWorld {
    RuleWorld(tools: OfferedTools.read(plugins: configuration.plugins), capabilities: OfferedTools.capabilities)
  }

  /// The rules as a service would take them, tests included.
  func snapshot() throws(CommandFailure) -> PolicySnapshot {
    do {
      return try PolicySnapshot.load(directory: folder)
    } catch {
      throw CommandFailure(.notSo, code: "unusable_rules", "\(error)")
    }
  }

  /// Prints what was found; exits with 1 when `isFine` is not so.
  static func tell(
    _ text: String, fields: [String: JSON], isFine: Bool, code: String, _ output: OutputOptions
  ) throws {
    if output.json {
      var members = fields
      members["ok"] = .bool(isFine)
      if !isFine { members["error"] = ["code": .string(code), "message": .string(text)] }
      try StandardOutput.write(JSON.object(members).canonical)
    } else {
      try StandardOutput.write(text)
    }
    if !isFine { throw ExitStatus.notSo.exitCode }
  }
}

extension PolicyProblem {
  /// For `--json`.
  var fields: JSON {
    var members: [String: JSON] = ["code": .string(code.rawValue), "file": .string(file), "message": .string(message)]
    if let line { members["line"] = .integer(Int64(line)) }
    if let column { members["column"] = .integer(Int64(column)) }
    if let help { members["help"] = .string(help) }
    return .object(members)
  }
}

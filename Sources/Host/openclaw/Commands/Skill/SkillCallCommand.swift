import ArgumentParser
import Core
import Foundation
import Logging
import Skills

/// `openclaw skill call`
struct SkillCallCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "call",
    abstract: "Call a tool of a library in the sandbox, without a service.",
    discussion: """
      The library passes the checks that a service makes, and runs as it would there; nobody is asked for approval. It may use `kv`, \
      `clock` and the log, and nothing beyond this machine. What it stores is gone afterwards, unless --keep names a file for it:

          openclaw skill call ./tickets.so tickets.create '{"title":"no coffee"}' --keep tickets.json

      Prints the result as JSON. Exits with 1 when the call fails, and says with which code.
      """)

  @Argument(help: "The library.")
  var file: String

  @Argument(help: "The name of the tool.")
  var tool: String

  @Argument(help: "The arguments, a JSON object.")
  var arguments = "{}"

  @Option(
    help: ArgumentHelp(
      "A JSON file with what the skill has stored; it is read before the call and written after it.", valueName: "path"))
  var keep: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let given = try Self.parse(Array(arguments.utf8), "the arguments")
      let stored = try keep.map { path throws(CommandFailure) in try Self.read(path) } ?? [:]
      let trial = SkillTrial(
        file: file, runner: try RunnerProgram.path(), logger: Logger(label: "skill") { _ in TrialLogHandler() })
      let outcome: SkillTrial.Outcome
      do throws(SkillTrial.Refusal) {
        outcome = try await trial.call(tool, .object(given), values: stored)
      } catch {
        throw failure(error)
      }
      if let keep { try Self.write(outcome.values, to: keep) }
      switch outcome.result {
      case .success(let result): return .init(text: result.canonical, fields: ["result": result])
      case .failure(let error):
        throw CommandFailure(.notSo, code: error.code.rawValue, "\(error.code.rawValue): \(error.message)")
      }
    }
  }

  private func failure(_ refusal: SkillTrial.Refusal) -> CommandFailure {
    switch refusal {
    case .unreadable(let reason): CommandFailure(.notSo, code: "unreadable", reason)
    case .refused(let reason): CommandFailure(.notSo, code: "refused", "\(file) is refused: \(reason)")
    case .unknownTool(let tools):
      CommandFailure(
        .notSo, code: "unknown_tool",
        "\(file) has no tool '\(tool)'; it has \(tools.joined(separator: ", "))\(NearestName.hint(for: tool, among: tools))")
    }
  }

  private static func parse(_ bytes: [UInt8], _ what: String) throws(CommandFailure) -> [String: JSON] {
    let value: JSON
    do throws(JSONError) {
      value = try JSON(parsing: bytes)
    } catch {
      throw CommandFailure(.wrongUsage, code: "bad_argument", "\(what): not valid JSON: \(error)")
    }
    guard let object = value.object else {
      throw CommandFailure(.wrongUsage, code: "bad_argument", "\(what): must be a JSON object, like {\"a\":1}")
    }
    return object
  }

  /// A file that does not exist yet holds nothing.
  private static func read(_ path: String) throws(CommandFailure) -> [String: JSON] {
    guard FileManager.default.fileExists(atPath: path) else { return [:] }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.notSo, code: "unreadable", "cannot read \(path)")
    }
    return try parse(Array(data), path)
  }

  private static func write(_ values: [String: JSON], to path: String) throws(CommandFailure) {
    do {
      try Data((JSON.object(values).canonical + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw CommandFailure(.cannotWrite, code: "cannot_write", "cannot write \(path)")
    }
  }
}

/// The skill's own lines on standard error; nothing of what the host notes for operators.
struct TrialLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .debug

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    guard event.message == "skill_log", let line = event.metadata?["line"] else { return }
    StandardError.write("\(event.level): \("\(line)".printable)")
  }
}

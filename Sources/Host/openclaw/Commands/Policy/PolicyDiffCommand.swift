import Agent
import ArgumentParser
import Core
import Foundation
import Policy
import Storage

/// `openclaw policy diff`
struct PolicyDiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Say what two sets of rules answer differently.",
    discussion: """
      Asks both about the last calls of the audit log, as they would be decided in normal mode at the time of each, and runs the \
      tests of both. A set is a folder, the id of rules that were in force (openclaw policy history), or `live`: those that are. \
      Exits with 1 when an answer differs. No value of a call is printed.
      """)

  @Argument(help: ArgumentHelp("What there is.", valueName: "folder|id|live"))
  var before: String

  @Argument(help: ArgumentHelp("What there would be.", valueName: "folder|id|live"))
  var after: String

  @Option(help: ArgumentHelp("How many of the last decided calls to ask about.", valueName: "count"))
  var last = 1000

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0...1_000_000).contains(last) else { throw ValidationError("--last must be between 0 and 1000000.") }
  }

  func run() async throws {
    let configuration = try options.load()
    let store = try? ExistingStore.open(configuration)
    var past: PastCalls?
    if let store { past = try await PastCalls(last: last, in: store) }
    let difference: PolicyDiff
    do {
      difference = try PolicyDiff(
        from: try await files(before, configuration, store), to: try await files(after, configuration, store),
        calls: past?.calls ?? [])
    } catch let error as PolicyError {
      throw CommandFailure(.notSo, code: "unusable_rules", "\(error)")
    }
    try store?.close()
    try tell(difference, calls: past?.calls.count ?? 0, forgotten: past?.forgotten ?? 0)
  }

  private func files(_ name: String, _ configuration: Configuration, _ store: Store?) async throws -> PolicyFiles {
    var isFolder: ObjCBool = false
    if name != "live", FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue {
      return try PolicyFiles(directory: name)
    }
    guard let store else {
      if name == "live" { return try PolicyFiles(directory: configuration.policies) }
      throw CommandFailure(.notSo, code: "unknown_policy", "\(name) is no folder, and there is no store with kept rules")
    }
    let (kept, current, _) = try await store.read { try PolicyShelf.history(in: $0) }
    guard name != "live" || current != nil else { return try PolicyFiles(directory: configuration.policies) }
    let id = name == "live" ? current ?? "" : try KeptPolicy.find(name, among: kept).id
    guard let policy = try await store.read({ try $0.policy(id) }) else {
      throw CommandFailure(.notSo, code: "unknown_policy", "\(name) is no longer kept; see openclaw policy history")
    }
    return try PolicyFiles(stored: policy.files, place: String(id.prefix(12)))
  }

  private func tell(_ difference: PolicyDiff, calls: Int, forgotten: Int) throws {
    var lines = difference.changes.map { change in
      let what = change.sequence.map { "call \($0) of \(change.name)" } ?? "test `\(change.name)`"
      return "\(what): \(change.before)\(Self.by(change.rulesBefore)) -> \(change.after)\(Self.by(change.rulesAfter))"
    }
    let missing = forgotten > 0 ? ", \(forgotten) more have no arguments any more" : ""
    let count = difference.changes.count
    lines.append(
      "\(count == 0 ? "No answer differs" : "\(count) \(count == 1 ? "answer differs" : "answers differ")"): "
        + "\(calls) calls and \(difference.tests) tests asked\(missing).")
    try PolicyDesk.tell(
      lines.joined(separator: "\n"),
      fields: [
        "calls": .integer(Int64(calls)), "forgotten": .integer(Int64(forgotten)), "tests": .integer(Int64(difference.tests)),
        "changes": .array(difference.changes.map(Self.fields)),
      ], isFine: difference.changes.isEmpty, code: "differs", output)
  }

  private static func by(_ rules: [String]) -> String { rules.isEmpty ? "" : " (\(rules.joined(separator: ", ")))" }

  private static func fields(_ change: PolicyDiff.Change) -> JSON {
    var members: [String: JSON] = [
      "before": .string(change.before), "after": .string(change.after),
      "rules_before": .array(change.rulesBefore.map(JSON.string)), "rules_after": .array(change.rulesAfter.map(JSON.string)),
    ]
    if let sequence = change.sequence {
      members["call"] = .integer(sequence)
      members["tool"] = .string(change.name)
    } else {
      members["test"] = .string(change.name)
    }
    return .object(members)
  }
}

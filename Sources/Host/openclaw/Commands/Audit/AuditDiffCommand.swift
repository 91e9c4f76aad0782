import ArgumentParser
import Audit
import Core
import Storage

/// `openclaw audit diff`
struct AuditDiffCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Say whether a later state of the log only adds to an earlier one.",
    discussion: """
      Each is an export, or a checkpoint that was kept somewhere else. Exits 0 when everything that OLD vouches for is the same in \
      NEW, and 1 when it is not: then records were changed or taken away. When NEW is a checkpoint, the records of the store \
      are held against both.
      """)

  @Argument(help: ArgumentHelp("The earlier one.", valueName: "old"))
  var old: String

  @Argument(help: ArgumentHelp("The later one.", valueName: "new"))
  var new: String

  @OptionGroup var key: CheckpointKeyOption
  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      // Two exports say all by themselves.
      let store = try? ExistingStore.open(configuration)
      switch try await LogComparison.compare(old, with: new, store: store, verifier: key.verifier) {
      case .continued(let from, let to):
        return .init(
          text: from == to ? "The same \(to) records." : "The first \(from) records are the same; \(to - from) were added.",
          fields: ["old": .integer(from), "new": .integer(to), "added": .integer(to - from)])
      case .shorter(let from, let to):
        throw CommandFailure(.notSo, code: "log_shorter", "\(new) has \(to) records, and \(old) has \(from)")
      case .forked(let size):
        throw CommandFailure(.notSo, code: "log_forked", "the first \(size) records are not the same")
      case .broken(let file, let defect):
        throw CommandFailure(.notSo, code: "audit_broken", "\(file): record \(defect.sequence): \(defect.reason)")
      }
    }
  }
}

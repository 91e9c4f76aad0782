import ArgumentParser
import Audit
import Core
import Storage

/// `openclaw audit verify`
struct AuditVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Recompute the hash chain and check the signatures, of the store or of a file.",
    discussion: """
      Exits 0 when every record follows from the one before it and every checkpoint is signed and fits, and 1 at the first that \
      does not. A file is an export, the proof of a record, or a checkpoint. The last hash, or the last checkpoint, vouches for \
      everything before it: keep copies somewhere else. Works while the service runs, and without it.
      """)

  @Argument(help: ArgumentHelp("What to verify in place of the store.", valueName: "file"))
  var file: String?

  @OptionGroup var key: CheckpointKeyOption
  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      guard let file else { return try await store() }
      switch try AuditFile.verify(file, with: key.verifier) {
      case .export(let report, let key): return try Self.tell(report, key: key)
      case .proof(let sequence, let defect, let key):
        if let defect { throw Self.broken(sequence, defect) }
        return .init(
          text: "record \(sequence) is among those that \(key) signed",
          fields: ["seq": .integer(sequence), "key": .string(key.description)])
      case .checkpoint(let size, let isSigned, let key):
        guard let key else {
          throw CommandFailure(.wrongUsage, code: "no_key", "a checkpoint alone does not say who may sign it; give --key")
        }
        guard isSigned else { throw Self.broken(size, "the checkpoint is not signed by the key of this log") }
        return .init(
          text: "a checkpoint of \(size) records, signed by \(key)",
          fields: ["signed": .integer(size), "key": .string(key.description)])
      }
    }
  }

  private func store() async throws -> OutputOptions.Report {
    let configuration = try options.load()
    let verifier = key.verifier ?? AuditDesk.verifier(of: configuration)
    return try Self.tell(
      try await AuditVerifier.verify(try ExistingStore.open(configuration), with: verifier), key: verifier)
  }

  private static func tell(_ report: AuditVerifier.Report, key: CheckpointVerifier?) throws -> OutputOptions.Report {
    if let defect = report.defect { throw broken(defect.sequence, defect.reason) }
    var lines = [
      "\(report.heads) records verify, \(report.bodies) with their bodies; the last hash is \(report.lastHash)",
      report.signed == 0 ? "no checkpoint vouches for them yet" : "signed up to record \(report.signed)",
    ]
    if report.first > 1 { lines.append("the first is record \(report.first)") }
    if let key { lines.append("the key is \(key)") }
    var fields: [String: JSON] = [
      "records": .integer(report.heads), "bodies": .integer(report.bodies), "last_hash": .string(report.lastHash),
      "first": .integer(report.first), "signed": .integer(report.signed),
    ]
    fields["checkpoint"] = report.checkpoint.map { .string($0) }
    fields["key"] = key.map { .string($0.description) }
    return .init(text: lines.joined(separator: "\n"), fields: fields)
  }

  static func broken(_ sequence: Int64, _ reason: String) -> CommandFailure {
    CommandFailure(.notSo, code: "audit_broken", "record \(sequence): \(reason)")
  }
}

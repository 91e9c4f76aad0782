import ArgumentParser
import Audit
import Core

/// `openclaw audit`
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Look into the audit log.", subcommands: [Verify.self])

  /// `openclaw audit verify`
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Recompute the whole hash chain.",
      discussion: """
        Exits 0 when every record follows from the one before it and 1 at the first that does not. The last hash vouches for \
        everything before it: keep a copy of it somewhere else. Works while the service runs.
        """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let report = try await AuditVerifier.verify(try ExistingStore.open(configuration))
        if let defect = report.defect {
          throw CommandFailure(.notSo, code: "audit_broken", "record \(defect.sequence): \(defect.reason)")
        }
        return .init(
          text: "\(report.heads) records verify, \(report.bodies) with their bodies; the last hash is \(report.lastHash)",
          fields: ["records": .integer(report.heads), "bodies": .integer(report.bodies), "last_hash": .string(report.lastHash)])
      }
    }
  }
}

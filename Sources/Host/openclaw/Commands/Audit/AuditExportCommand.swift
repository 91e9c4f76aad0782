import ArgumentParser
import Audit
import Core
import Foundation
import Storage

/// `openclaw audit export`
struct AuditExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write the log, or a part of it, into a file that `verify` can check anywhere.",
    discussion: """
      One JSON object a line: heads, checkpoints, what stays of deleted records, the public key. Without --with-bodies nobody and \
      nothing can be recognised in it: identities are keyed references, arguments are digests.
      """)

  @Argument(help: ArgumentHelp("The file to make; it must not be there.", valueName: "file"))
  var file: String

  @Option(help: ArgumentHelp("The first record.", valueName: "seq"))
  var from: Int64?

  @Option(help: ArgumentHelp("The last record.", valueName: "seq"))
  var to: Int64?

  @Flag(help: "With identities, chats and arguments, as far as they are still kept.")
  var withBodies = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (from ?? 1) >= 1, (to ?? .max) >= (from ?? 1) else { throw ValidationError("--from and --to must be 1 <= from <= to.") }
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let store = try ExistingStore.open(configuration)
      let handle = try AuditDesk.create(file)
      let summary: AuditExport.Summary
      do {
        summary = try await store.read { [from, to, withBodies] transaction in
          try AuditExport.write(transaction, from: from, to: to, withBodies: withBodies) { line in
            try handle.write(contentsOf: Data((line + "\n").utf8))
          }
        }
        try handle.synchronize()
      } catch {
        // A part of a log that looks like the whole is worse than none.
        try? FileManager.default.removeItem(atPath: file)
        if error is AuditError { throw error }
        throw CommandFailure(.cannotWrite, code: "cannot_write", "cannot write \(file): \(error)")
      }
      return .init(
        text: """
          \(summary.records) records, \(summary.bodies) with their bodies, are in \(file)\
          \(summary.signed == 0 ? "; none is signed yet" : ", signed up to record \(summary.signed)")
          """,
        fields: [
          "records": .integer(summary.records), "bodies": .integer(summary.bodies), "signed": .integer(summary.signed),
          "file": .string(file),
        ])
    }
  }
}

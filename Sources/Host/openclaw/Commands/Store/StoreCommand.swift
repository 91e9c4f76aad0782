import ArgumentParser
import Audit
import Core
import Foundation
import Storage

/// `openclaw store`
struct StoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Work on the database as a whole.", subcommands: [Migrate.self])

  /// `openclaw store migrate`
  struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "migrate", abstract: "Copy the SQLite store into an empty PostgreSQL database. The service must be stopped.",
      discussion: """
        Everything is copied in one transaction, counted on both sides, and the audit log of the copy is verified before it is \
        kept: there is a whole copy in the end, or none. The SQLite file stays as it is. Afterwards write the address as `store:` \
        into the configuration, and start the service with the same data folder: its keys belong to what was copied.

        A password in the address can be seen by other users of this machine while this runs. libpq also takes it from \
        PGPASSWORD, ~/.pgpass or a file named with ?passfile=.
        """)

    @Option(help: ArgumentHelp("As in postgres://user@host/database.", valueName: "address"))
    var to: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let path = try ExistingStore.path(configuration)
        let address = try target()
        let held = try DataFolder(configuration.data)
        let (report, audit) = try await StoreCopy.migrate(from: path, to: address) { transaction in
          let found = try AuditVerifier.verify(in: transaction)
          guard let defect = found.defect else { return found }
          throw CommandFailure(.notSo, code: "audit_broken", "audit record \(defect.sequence): \(defect.reason)")
        }
        withExtendedLifetime(held) {}
        return .init(
          text: """
            \(report.rows) rows of \(report.tables) tables were copied to \(address), and \(audit.heads) audit records verify. \
            Now write the address as `store:` into the configuration.
            """,
          fields: ["rows": .integer(report.rows), "tables": .integer(Int64(report.tables)), "records": .integer(audit.heads)])
      }
    }

    private func target() throws(CommandFailure) -> PostgresAddress {
      do {
        return try PostgresAddress(to)
      } catch {
        throw CommandFailure(.wrongUsage, code: "bad_address", error.message)
      }
    }
  }
}

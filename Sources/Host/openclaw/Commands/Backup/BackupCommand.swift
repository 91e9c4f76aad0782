import ArgumentParser
import Audit
import Core
import Foundation
import Storage

/// `openclaw backup`
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Make, check and restore copies of the database.",
    discussion: """
      A backup holds everything in the database: what people wrote, approvals, the audit log. Keys are not in it: keep a copy of \
      the data folder's keys/ somewhere else, or raw events and references in the audit log cannot be read any more.
      """,
    subcommands: [Create.self, List.self, Verify.self, Restore.self])

  /// `openclaw backup create`
  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "create", abstract: "Copy the database as it is now. Works while the service runs.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var place: BackupPlace
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let folder = place.folder(configuration)
        let manifest =
          switch configuration.storePlace {
          case .sqlite: try await folder.create(from: ExistingStore.path(configuration))
          case .postgres(let address): try await folder.create(from: address)
          }
        return .init(
          text: "\(folder.path)/\(manifest.file): \(manifest.bytes) bytes", fields: manifest.fields)
      }
    }
  }

  /// `openclaw backup list`
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Show the backups, oldest first.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var place: BackupPlace
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let manifests = try place.folder(configuration).list()
        let lines = manifests.map { "\($0.file)  \($0.bytes) bytes" }
        return .init(
          text: lines.isEmpty ? "There are no backups." : lines.joined(separator: "\n"),
          fields: ["backups": .array(manifests.map { .object($0.fields) })])
      }
    }
  }

  /// `openclaw backup verify`
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Check a backup: the file, the database in it, and the audit log in that.",
      discussion: "Exits 0 when it could be restored, and 1 when not.")

    @Argument(help: ArgumentHelp("As `list` shows it, or a path.", valueName: "backup"))
    var name: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var place: BackupPlace
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let (folder, manifest) = try place.folder(configuration).manifest(of: name)
        let records = try await BackupDrill.audit(of: manifest, in: folder)
        return .init(
          text: "\(manifest.file) can be restored; \(records) audit records verify",
          fields: manifest.fields.merging(["records": .integer(records)]) { $1 })
      }
    }
  }

  /// `openclaw backup restore`
  struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "restore", abstract: "Put a backup in the place of the database. The service must be stopped.",
      discussion: """
        The database that is there is moved aside, never overwritten; one in PostgreSQL must be empty, and no instance may use \
        it. What was open at the moment of the backup may have happened since, so none of it happens again: events that waited \
        become dead letters (`openclaw queue list`), calls that waited for approval will not run, those that ran have an unknown \
        outcome.
        """)

    @Argument(help: ArgumentHelp("As `list` shows it, or a path.", valueName: "backup"))
    var name: String

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var place: BackupPlace
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let (folder, manifest) = try place.folder(configuration).manifest(of: name)
        _ = try await BackupDrill.audit(of: manifest, in: folder)
        let held = try DataFolder(configuration.data)
        var aside: String?
        switch configuration.storePlace {
        case .sqlite(let path): aside = try await folder.restore(manifest, to: path)
        case .postgres(let address): try await folder.restore(manifest, to: address)
        }
        withExtendedLifetime(held) {}
        return .init(
          text: "\(configuration.storePlace) is \(manifest.file) now" + (aside.map { "; what was there lies at \($0)" } ?? ""),
          fields: manifest.fields.merging(["set_aside": aside.map(JSON.string) ?? .null]) { $1 })
      }
    }
  }
}

/// `--folder`, where backups lie.
struct BackupPlace: ParsableArguments {
  @Option(
    help: ArgumentHelp("Where backups lie; without it: backups/ in the data folder.", valueName: "path"))
  var folder: String?

  func folder(_ configuration: Configuration) -> BackupFolder {
    BackupFolder(folder ?? FilePlace.join(configuration.data, "backups"))
  }
}

extension BackupManifest {
  fileprivate var fields: [String: JSON] {
    [
      "file": .string(file), "at": .string(at.iso8601),
      "bytes": .integer(bytes), "sha256": .string(sha256),
    ]
  }
}

/// What a restore would find, tried on a copy.
private enum BackupDrill {
  /// Restores the backup to a place of its own, which checks the file and the database, and verifies the audit log there.
  ///
  /// - Returns: the number of its records.
  static func audit(of manifest: BackupManifest, in folder: BackupFolder) async throws -> Int64 {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "openclaw-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: scratch, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: scratch) }
    let path = scratch.appending(path: "openclaw.db").path
    _ = try await folder.restore(manifest, to: path)
    let store = try Store(path: path)
    let report = try await AuditVerifier.verify(store)
    try store.close()
    if let defect = report.defect {
      throw CommandFailure(.notSo, code: "audit_broken", "audit record \(defect.sequence): \(defect.reason)")
    }
    return report.heads
  }
}

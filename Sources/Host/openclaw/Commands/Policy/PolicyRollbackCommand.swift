import Agent
import ArgumentParser
import Audit
import Core
import Policy
import Storage

/// `openclaw policy rollback`
struct PolicyRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Put earlier rules into force, whatever the files say.",
    discussion: """
      Without an id it is the rules before the present ones. They stay in force, over restarts and for all instances, until \
      --undo; the files are left as they are, and changes to them do not count meanwhile. A running service follows within a second.
      """)

  @Argument(help: ArgumentHelp("Of the rules, or how it begins; see openclaw policy history.", valueName: "id"))
  var id: String?

  @Flag(help: "Let the files count again.")
  var undo = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard id == nil || !undo else { throw ValidationError("An id and --undo exclude each other.") }
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let store = try ExistingStore.open(configuration)
      guard let key = DataFolder.existingKey("audit", in: configuration.data) else {
        throw CommandFailure(.unavailable, code: "no_key", "the key of the audit log is not in \(configuration.data)/keys")
      }
      let audit = AuditTrail(key: key)
      let report = undo ? try await goForward(store, audit) : try await goBack(store, audit)
      try store.close()
      return report
    }
  }

  private func goForward(_ store: Store, _ audit: AuditTrail) async throws -> OutputOptions.Report {
    let isNews = try await store.write { try PolicyShelf.undoRollback(in: $0, audit: audit) }
    return .init(
      text: isNews ? "The files count again." : "Nothing was rolled back; the files count.", fields: ["changed": .bool(isNews)])
  }

  private func goBack(_ store: Store, _ audit: AuditTrail) async throws -> OutputOptions.Report {
    let target = try await target(in: store)
    do {
      _ = try PolicySnapshot.load(
        PolicyFiles(stored: target.files, place: String(target.id.prefix(12))), digest: PolicyReloader.digest)
    } catch {
      throw CommandFailure(.notSo, code: "unusable_rules", "this version of openclaw cannot use these rules:\n\(error)")
    }
    try await store.write { try PolicyShelf.rollBack(to: target.id, in: $0, audit: audit) }
    return .init(
      text: """
        Rules \(target.id.prefix(12)) of \(target.at.iso8601) are in force until openclaw policy rollback --undo.
        """,
      fields: ["id": .string(target.id), "at": .string(target.at.iso8601), "rules": .integer(Int64(target.rules))])
  }

  private func target(in store: Store) async throws -> StoredPolicy {
    let (kept, current, _) = try await store.read { try PolicyShelf.history(in: $0) }
    let chosen: StoredPolicy
    if let id {
      chosen = try KeptPolicy.find(id, among: kept)
    } else {
      let position = kept.firstIndex { $0.id == current } ?? kept.endIndex
      guard position + 1 < kept.count else {
        throw CommandFailure(.notSo, code: "nothing_earlier", "no earlier rules are kept; see openclaw policy history")
      }
      chosen = kept[position + 1]
    }
    guard let whole = try await store.read({ try $0.policy(chosen.id) }) else {
      throw CommandFailure(.notSo, code: "unknown_policy", "\(chosen.id) is no longer kept; see openclaw policy history")
    }
    return whole
  }
}

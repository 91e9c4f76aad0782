import Agent
import ArgumentParser
import Core
import Storage

/// `openclaw policy history`
struct PolicyHistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List the rules that were in force, the latest first.",
    discussion: """
      The last \(Transaction.keptPolicies) that a service has taken from its files are kept. One of them is in force: that which was \
      rolled back to, else the latest.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let store = try ExistingStore.open(configuration)
      let (kept, current, isPinned) = try await store.read { try PolicyShelf.history(in: $0) }
      let lines = kept.map { policy in
        let mark = policy.id != current ? "" : isPinned ? "  in force, rolled back to" : "  in force"
        return "\(policy.id.prefix(12))  \(policy.at.iso8601)  \(policy.rules) rules\(mark)"
      }
      return .init(
        text: lines.isEmpty ? "No rules were in force yet." : lines.joined(separator: "\n"),
        fields: [
          "policies": .array(
            kept.map { policy in
              [
                "id": .string(policy.id), "at": .string(policy.at.iso8601), "rules": .integer(Int64(policy.rules)),
                "in_force": .bool(policy.id == current),
              ]
            }), "rolled_back": .bool(isPinned),
        ])
    }
  }
}

/// The kept rules, for verbs that take their ids.
enum KeptPolicy {
  /// The one whose id begins so.
  static func find(_ prefix: String, among kept: [StoredPolicy]) throws(CommandFailure) -> StoredPolicy {
    let found = kept.filter { $0.id.hasPrefix(prefix.lowercased()) }
    guard let only = found.first, found.count == 1, prefix.count >= 4 else {
      let reason = found.count > 1 || prefix.count < 4 ? "is too short to tell them apart" : "is none of those kept"
      throw CommandFailure(.notSo, code: "unknown_policy", "\(prefix) \(reason); see openclaw policy history")
    }
    return only
  }
}

import ArgumentParser
import Audit
import Core
import Storage

/// `openclaw audit tail`
struct AuditTailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail", abstract: "Show the last records, and those that come.",
    discussion: "With --json each line is the head of a record, as it is stored. Without it the line is for people.")

  @Option(name: [.customShort("n"), .customLong("lines")], help: "How many of those that are there, 0 to 10000.")
  var count: Int64 = 10

  @Flag(name: [.customShort("f"), .customLong("follow")], help: "Go on with those that come, until Ctrl-C.")
  var isFollowing = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0...10_000).contains(count) else { throw ValidationError("-n must be 0 to 10000.") }
  }

  func run() async throws {
    let configuration = try options.load()
    do {
      let store = try ExistingStore.open(configuration)
      var last = try await store.read { try $0.lastAuditHash()?.sequence ?? 0 } - count
      repeat {
        let after = last
        let rows = try await store.read { try $0.auditRows(after: after, limit: 500) }
        for row in rows {
          try StandardOutput.write(output.json ? row.head : Self.line(row))
          last = row.sequence
        }
        guard rows.isEmpty else { continue }
        if isFollowing { try await Task.sleep(for: .milliseconds(500)) } else { break }
      } while true
      try store.close()
    } catch {
      try await output.report { throw error }
    }
  }

  private static func line(_ row: AuditRow) -> String {
    guard let head = try? JSON(parsing: row.head) else { return "\(row.sequence) is not readable" }
    let time = head["ts"]?.integer.map { Timestamp(milliseconds: $0).iso8601 } ?? "-"
    let names = ["tool", "outcome", "reason", "effect", "skill", "request", "actor_ref", "subject_ref", "scene_ref"]
    var words = ["\(row.sequence)", time, head["kind"]?.string ?? "-"]
    words += names.compactMap { name in head[name]?.string.map { "\(name)=\($0)" } }
    if let rules = head["rules"]?.array { words.append("rules=" + rules.compactMap(\.string).joined(separator: ",")) }
    return words.joined(separator: " ").printable
  }
}

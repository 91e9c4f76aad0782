import ArgumentParser
import Audit
import Core
import Storage

/// `openclaw queue retry`
struct QueueRetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Put an event that was put aside back into the queue.",
    discussion: """
      It is worked on as if it had just come in, before what came later in its chat. A running service takes it within five \
      seconds, another one when it starts. The audit log has it.
      """)

  @Argument(help: ArgumentHelp("Its number, as 'openclaw queue list' shows it.", valueName: "seq"))
  var sequence: Int64?

  @Flag(help: "All that are put aside.")
  var all = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (sequence != nil) != all else { throw ValidationError("Give the number of one event, or --all.") }
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let store = try ExistingStore.open(configuration)
      let audit = try AuditDesk.trail(of: configuration)
      guard let sequence else {
        let count = try await Self.retryAll(in: store, audit: audit)
        return .init(
          text: count == 0 ? "No event is put aside." : "\(count) events are in the queue again.",
          fields: ["retried": .integer(Int64(count))])
      }
      let isDone = try await store.write { transaction in
        guard let letter = try transaction.revive(sequence) else { return false }
        try audit.append(AuditRecord(.eventRetried, letter), in: transaction)
        return true
      }
      guard isDone else { throw QueueDesk.unknown(sequence) }
      return .init(text: "Event \(sequence) is in the queue again.", fields: ["retried": 1])
    }
  }

  /// In steps: a running service writes in between.
  private static func retryAll(in store: Store, audit: AuditTrail) async throws -> Int {
    var count = 0
    while true {
      let step = try await store.write { transaction in
        let letters = try transaction.deadLetters(limit: 100)
        for letter in letters where try transaction.revive(letter.sequence) != nil {
          try audit.append(AuditRecord(.eventRetried, letter), in: transaction)
        }
        return letters.count
      }
      guard step > 0 else { return count }
      count += step
    }
  }
}

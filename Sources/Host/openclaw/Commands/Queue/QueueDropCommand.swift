import ArgumentParser
import Audit
import Core
import Storage

/// `openclaw queue drop`
struct QueueDropCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Delete an event that was put aside.",
    discussion: "What it says is gone; a redelivery of it is still recognised. The audit log has that it was dropped.")

  @Argument(help: ArgumentHelp("Its number, as 'openclaw queue list' shows it.", valueName: "seq"))
  var sequence: Int64

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let audit = try AuditDesk.trail(of: configuration)
      let isDone = try await ExistingStore.open(configuration).write { [sequence] transaction in
        guard let letter = try transaction.drop(sequence) else { return false }
        try audit.append(AuditRecord(.eventDropped, letter), in: transaction)
        return true
      }
      guard isDone else { throw QueueDesk.unknown(sequence) }
      return .init(text: "Event \(sequence) is dropped.", fields: ["dropped": 1])
    }
  }
}

extension AuditRecord {
  /// What an operator did with an event that was put aside.
  init(_ kind: Kind, _ letter: DeadLetter) {
    self.init(
      kind, requestID: RequestID(letter.requestID), reason: "by_operator",
      details: ["seq": .integer(letter.sequence), "conversation": .string(letter.conversation)])
  }
}

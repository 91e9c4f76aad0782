import ArgumentParser
import Core
import Foundation
import Storage

/// `openclaw queue`
struct QueueCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "queue", abstract: "Look after events that failed too often and were put aside.",
    subcommands: [QueueListCommand.self, QueueShowCommand.self, QueueRetryCommand.self, QueueDropCommand.self])
}

/// What the verbs about events that were put aside have in common.
enum QueueDesk {
  /// The error of a number that names none.
  static func unknown(_ sequence: Int64) -> CommandFailure {
    CommandFailure(
      .notSo, code: "not_aside", "no event \(sequence) is put aside; openclaw queue list shows those that are")
  }

  /// What is known of one without what it says.
  static func fields(_ letter: DeadLetter) -> [String: JSON] {
    [
      "seq": .integer(letter.sequence), "request_id": .string(letter.requestID), "channel": .string(letter.channel),
      "conversation": .string(letter.conversation), "received_at": .string(letter.receivedAt.iso8601),
      "put_aside_at": .string(letter.buriedAt.iso8601), "attempts": .integer(Int64(letter.attempts)),
      "error": .string(letter.error),
    ]
  }
}

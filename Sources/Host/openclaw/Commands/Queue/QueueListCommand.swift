import ArgumentParser
import Core
import Storage

/// `openclaw queue list`
struct QueueListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List events that were put aside, the oldest first, without what they say.",
    discussion: "Works while the service runs and while it does not.")

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "How many at most, 1 to 10000.")
  var limit = 100

  func validate() throws {
    guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 to 10000.") }
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let (letters, total) = try await ExistingStore.open(configuration).read { [limit] transaction in
        (try transaction.deadLetters(limit: limit), try transaction.deadLetterCount())
      }
      let fields: [String: JSON] = [
        "total": .integer(Int64(total)), "events": .array(letters.map { .object(QueueDesk.fields($0)) }),
      ]
      return .init(text: Self.text(of: letters, total: total), fields: fields)
    }
  }

  static func text(of letters: [DeadLetter], total: Int) -> String {
    guard !letters.isEmpty else { return "No event is put aside." }
    let rows =
      [["SEQ", "RECEIVED", "ATTEMPTS", "REQUEST", "CHAT", "ERROR"]]
      + letters.map { letter in
        [
          "\(letter.sequence)", letter.receivedAt.iso8601, "\(letter.attempts)", letter.requestID, letter.conversation,
          letter.error,
        ].map { $0.printable.replacing("\n", with: " ") }
      }
    let rest = total > letters.count ? ["… and \(total - letters.count) more"] : []
    return (TextTable.lines(rows) + rest).joined(separator: "\n")
  }
}

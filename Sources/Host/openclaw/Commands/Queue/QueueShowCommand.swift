import ArgumentParser
import Core
import Storage

/// `openclaw queue show`
struct QueueShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one event that was put aside, with what it says.",
    discussion: "It may hold what people wrote. Works while the service runs and while it does not.")

  @Argument(help: ArgumentHelp("Its number, as 'openclaw queue list' shows it.", valueName: "seq"))
  var sequence: Int64

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let found = try await ExistingStore.open(configuration).read { [sequence] in try $0.deadLetter(sequence) }
      guard let (letter, body) = found else { throw QueueDesk.unknown(sequence) }
      let lines = [
        "event \(letter.sequence), request \(letter.requestID)", "in \(letter.conversation)",
        "received \(letter.receivedAt.iso8601), put aside after \(letter.attempts) attempts "
          + "at \(letter.buriedAt.iso8601)",
        "error: \(letter.error)", body,
      ]
      var fields = QueueDesk.fields(letter)
      // A body that cannot be read any more is shown as the text that it is.
      fields["event"] = (try? JSON(parsing: body)) ?? .string(body)
      return .init(text: lines.map(\.printable).joined(separator: "\n"), fields: fields)
    }
  }
}

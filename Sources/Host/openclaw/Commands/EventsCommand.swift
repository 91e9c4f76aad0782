import ArgumentParser
import Core
import Foundation
import Storage

/// `openclaw events`
struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Look at what came in.", subcommands: [Raw.self])

  /// `openclaw events raw`
  struct Raw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "raw", abstract: "Show events as the platform sent them, the newest first.",
      discussion: """
        Which are kept, and for how long, is `raw_events` in the configuration: by default those of a type that this version \
        does not know. They may hold what people wrote. Works while the service runs.
        """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("Only the one with this request id.", valueName: "id"))
    var requestId: String?

    @Option(help: ArgumentHelp("Only those that were ignored under this label; 'event' for accepted ones.", valueName: "type"))
    var type: String?

    @Option(help: "How many at most, 1 to 1000.")
    var limit = 20

    func validate() throws {
      guard (1...1000).contains(limit) else { throw ValidationError("--limit must be 1 to 1000.") }
    }

    func run() async throws {
      let configuration = try options.load()
      try await output.report {
        let events = try await newest(configuration)
        let text = events.isEmpty ? "No raw events are kept." : events.map(Self.line).joined(separator: "\n")
        return .init(text: text, fields: ["events": .array(events.map(Self.fields))])
      }
    }

    private func newest(_ configuration: Configuration) async throws -> [RawEvent] {
      let store = try ExistingStore.open(configuration)
      guard let key = DataFolder.existingKey(RawEventFolder.keyName, in: configuration.data) else { return [] }
      return try await RawEventFolder.archive(in: store, key: key, configuration.rawEvents)
        .newest(requestID: requestId, type: type, limit: limit)
    }

    /// The body as text that a terminal cannot be fooled with.
    private static func shown(_ event: RawEvent) -> String {
      guard !event.body.isEmpty else { return "(cannot be decrypted)" }
      return String(decoding: event.body, as: UTF8.self).printable
    }

    private static func line(_ event: RawEvent) -> String {
      "\(event.receivedAt.iso8601)  \(event.requestID)  \(event.channel)  \(event.type)\n  \(shown(event))"
    }

    private static func fields(_ event: RawEvent) -> JSON {
      [
        "at": .string(event.receivedAt.iso8601), "request_id": .string(event.requestID.description),
        "channel": .string(event.channel),
        "type": .string(event.type), "body": .string(String(decoding: event.body, as: UTF8.self)),
      ]
    }
  }
}

import Agent
import ArgumentParser
import Audit
import Core
import Policy
import Storage

/// `openclaw mode`
struct ModeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mode", abstract: "Show or set what the robot may do at present.",
    discussion: """
      normal: the rules alone decide. read_only: tools that write are denied. explain_only: no tool runs. lockdown: everything is \
      denied, and chat cannot end it. A running service follows within a second.
      """)

  @Argument(help: ArgumentHelp("normal, read_only, explain_only or lockdown.", valueName: "mode"))
  var name: String?

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard let name, Mode(rawValue: name) == nil else { return }
    throw ValidationError("There is no mode \(name): it is one of \(Mode.allCases.map(\.rawValue).joined(separator: ", ")).")
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let store = try ExistingStore.open(configuration)
      guard let mode = name.flatMap(Mode.init) else {
        let mode = try await store.read { try ModeKeeper.mode(in: $0) }
        return .init(text: mode.rawValue, fields: ["mode": .string(mode.rawValue)])
      }
      let audit = try AuditDesk.trail(of: configuration)
      try await store.write { try ModeKeeper.set(mode, by: nil, in: $0, audit: audit) }
      try store.close()
      return .init(text: mode.rawValue, fields: ["mode": .string(mode.rawValue)])
    }
  }
}

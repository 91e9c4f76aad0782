import ArgumentParser
import Core
import Skills

/// `openclaw skill grant`
struct SkillGrantCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "grant", abstract: "Let a skill use what its tools ask for, or take that back.",
    discussion: """
      Without a scope: shows what is granted and what waits. A tool is offered when all its scopes are granted. Quote a scope \
      with blanks in it:

          openclaw skill grant weather 'http:GET https://api.example.org/*'
      """)

  @Argument(help: "The skill's id, or the last part of it.")
  var name: String

  @Argument(help: ArgumentHelp("The scopes, as the list shows them.", valueName: "scope"))
  var scopes: [String] = []

  @Flag(help: "Take the scopes back.")
  var revoke = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !revoke || !scopes.isEmpty else { throw ValidationError("--revoke needs the scopes that are to be taken back.") }
  }

  func run() async throws {
    try await output.report {
      let desk = try SkillDesk(options)
      let before = try desk.overview()
      let id = try before.found(name)
      guard !scopes.isEmpty else { return Self.report(on: id, before, heading: id) }
      do throws(SkillOperatingError) {
        try before.check(scopes, of: id, isRevoking: revoke)
      } catch {
        throw CommandFailure(error)
      }
      let after = try await desk.decide { decisions in
        var granted = decisions.grants[id] ?? []
        if revoke { granted.subtract(scopes) } else { granted.formUnion(scopes) }
        decisions.grants[id] = granted.isEmpty ? nil : granted
      }
      let verb = revoke ? "no longer has" : "may use"
      return Self.report(on: id, after, heading: "\(id) \(verb) \(scopes.map { "'\($0)'" }.joined(separator: ", ")).")
    }
  }

  private static func report(on id: String, _ overview: SkillOverview, heading: String) -> OutputOptions.Report {
    let entries = overview.scopes(of: id)
    let rows = entries.map { ["  \($0.state.rawValue)", $0.scope, $0.tools.joined(separator: ", ")].map(\.printable) }
    let table = rows.isEmpty ? ["  no tool asks for anything"] : TextTable.lines(rows)
    return .init(
      text: ([heading.printable] + table).joined(separator: "\n"),
      fields: [
        "skill": .string(id), "running": .bool(overview.isServed),
        "scopes": .array(
          entries.map {
            ["scope": .string($0.scope), "state": .string($0.state.rawValue), "tools": .array($0.tools.map { .string($0) })]
          }),
      ])
  }
}

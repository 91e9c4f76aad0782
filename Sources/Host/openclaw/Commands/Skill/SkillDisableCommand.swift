import ArgumentParser
import Core
import Skills

/// `openclaw skill disable`
struct SkillDisableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable", abstract: "Stop serving a skill, until it is enabled again.",
    discussion: "A running service follows at once; calls in flight are finished. Survives restarts.")

  @Argument(help: "The skill's id, or the last part of it.")
  var name: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let desk = try SkillDesk(options)
      let before = try desk.overview()
      let id = try before.found(name)
      let after = try await desk.decide { _ = $0.disabled.insert(id) }
      let isNews = before.decisions.disabled.contains(id) != true
      let text = isNews ? "\(id) is disabled." : "\(id) was disabled before."
      return .init(
        text: "\(text) \(SkillDesk.standing(of: id, in: after))",
        fields: ["skill": .string(id), "disabled": true, "changed": .bool(isNews), "running": .bool(after.isServed)])
    }
  }
}

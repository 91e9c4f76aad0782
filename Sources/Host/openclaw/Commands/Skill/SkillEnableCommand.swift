import ArgumentParser
import Core
import Skills

/// `openclaw skill enable`
struct SkillEnableCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable", abstract: "Serve a skill again that was disabled.",
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
      let after = try await desk.decide { _ = $0.disabled.remove(id) }
      let isNews = before.decisions.disabled.contains(id) != false
      let text = isNews ? "\(id) is enabled." : "\(id) was not disabled."
      return .init(
        text: "\(text) \(SkillDesk.standing(of: id, in: after))",
        fields: ["skill": .string(id), "disabled": false, "changed": .bool(isNews), "running": .bool(after.isServed)])
    }
  }
}

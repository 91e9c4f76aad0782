import ArgumentParser
import Skills

/// `openclaw skill inspect`
struct SkillInspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what a skill is, what it asks for, and what would refuse it.",
    discussion: """
      Nothing of the file is run. What shows only when it runs is not seen: a constructor that crashes, or an id that \
      another file serves. Exits 0 also for a skill that would be refused: `refused_by` and the last lines say why.
      """)

  @Argument(help: "The skill's library.")
  var file: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let keys = try SkillDecisionsFile(data: configuration.data).read().trustedKeys
      let rule = SignatureRule(configuration.skills.requireSignature, keys: keys)
      let inspection = try SkillInspection(file, rule: rule, trustedBuilds: configuration.trustedSkills)
      return .init(text: inspection.text.printable, fields: inspection.fields)
    }
  }
}

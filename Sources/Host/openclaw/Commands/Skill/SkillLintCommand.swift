import ArgumentParser
import Core
import Skills

/// `openclaw skill lint`
struct SkillLintCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Look a library over without running it.",
    discussion: """
      `error:` is why a service would refuse it, `advice:` what would serve people, models and operators better. \
      Exits with 1 when there is an error.
      """)

  @Argument(help: "The library.")
  var file: String

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let lint = SkillLint(file: file)
      let lines = lint.findings.map { "\($0.kind.rawValue): \($0.message)" }
      guard let title = lint.title, !lint.isRefused else {
        throw CommandFailure(.notSo, code: "refused", lines.joined(separator: "\n"))
      }
      let summary = "\(title): would be served\(lines.isEmpty ? ", nothing to say" : "")"
      return .init(
        text: (lines + [summary]).joined(separator: "\n"),
        fields: ["skill": .string(title), "advice": .array(lint.findings.map { .string($0.message) })])
    }
  }
}

import ArgumentParser
import Core
import Skills

/// `openclaw skill sign`
struct SkillSignCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign a skill.",
    discussion: """
      The signature goes to the end of the file, in one step. Signing again replaces it. The file's hash changes: list the \
      new one in trusted_skills, if that is where it stands.
      """)

  @Argument(help: "The skill's library.")
  var file: String

  @Option(help: ArgumentHelp("The secret key, from `openclaw skill keygen`.", valueName: "file"))
  var key: String

  @Option(
    name: .customLong("output"), help: ArgumentHelp("Where the signed skill goes, instead of FILE itself.", valueName: "file"))
  var target: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let key = try SkillSigningKey(file: key)
      let target = target ?? file
      try SkillSigner.sign(file, key: key, output: target)
      let signed = try SkillInspection(target, rule: SignatureRule(.never, keys: [:]))
      return .init(
        text: "signed \(target) with \(key.publicKey)\nsha256 \(signed.hash)",
        fields: ["file": .string(target), "public_key": .string("\(key.publicKey)"), "sha256": .string(signed.hash)])
    }
  }
}

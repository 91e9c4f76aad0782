import ArgumentParser
import Core
import Skills

/// `openclaw skill keygen`
struct SkillKeygenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen", abstract: "Make a key for signing skills.",
    discussion: """
      Writes the secret key into a new file that only you can read, and prints the public key. Give the public key to those \
      who are to trust your skills: `openclaw skill trust NAME KEY`. A file that exists is never overwritten.
      """)

  @Option(help: ArgumentHelp("Where the secret key goes.", valueName: "file"))
  var out = "skill-signing.key"

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let key = SkillSigningKey()
      try key.write(to: out)
      return .init(text: "\(key.publicKey)", fields: ["public_key": .string("\(key.publicKey)"), "file": .string(out)])
    }
  }
}

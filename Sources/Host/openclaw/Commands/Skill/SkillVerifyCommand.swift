import ArgumentParser
import Core
import Skills

/// `openclaw skill verify`
struct SkillVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Say whether a skill is signed by a key you trust.",
    discussion: "Exits 0 when it is and 1 when it is not: unsigned, changed after signing, or signed by somebody else.")

  @Argument(help: "The skill's library.")
  var file: String

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let rule = SignatureRule(.always, keys: try SkillDecisionsFile(data: configuration.data).read().trustedKeys)
      switch try SkillInspection(file, rule: rule).signature {
      case .good(let key, let name?):
        return .init(
          text: "\(file) is signed by \(name), key \(key)",
          fields: ["file": .string(file), "signer": .string(name), "public_key": .string("\(key)")])
      case .good(let key, nil):
        throw CommandFailure(
          .notSo, code: "untrusted_signature",
          "\(file) is signed by \(key), which you do not trust; if you know whose it is: openclaw skill trust NAME \(key)")
      case .bad(let reason): throw CommandFailure(.notSo, code: "bad_signature", "\(file): \(reason)")
      case .none: throw CommandFailure(.notSo, code: "unsigned", "\(file) is not signed")
      }
    }
  }
}

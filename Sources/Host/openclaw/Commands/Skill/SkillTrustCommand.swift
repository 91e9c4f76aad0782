import ArgumentParser
import Core
import Skills

/// `openclaw skill trust`
struct SkillTrustCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trust", abstract: "Trust the skills that a key signs, or stop trusting them.",
    discussion: """
      The service notices within a moment. Which skills must be signed by a trusted key is said by skills.require_signature.
      """)

  @Argument(help: "What you call the key: 1 to 64 letters, digits, '-' or '_'.")
  var name: String

  @Argument(help: "The public key, or a file that holds it. Not needed with --remove.")
  var key: String?

  @Flag(help: "Stop trusting the key of that name.")
  var remove = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    do {
      _ = try ValueSyntax.identifier.parse(name)
    } catch {
      throw ValidationError("the name \(error.reason).")
    }
    guard remove == (key == nil) else { throw ValidationError("give a public key, or --remove.") }
  }

  func run() async throws {
    let configuration = try options.load()
    try await output.report {
      let file = SkillDecisionsFile(data: configuration.data)
      guard let key else {
        guard let old = try file.change({ $0.keys.removeValue(forKey: name) }) else {
          throw CommandFailure(.notSo, code: "not_found", "no key is trusted under the name \(name)")
        }
        return report("\(name) is not trusted any more, key \(old)", old)
      }
      let wanted = try SkillSigningKey.publicKey(key).description
      // A name that silently came to mean another key would make every line that says it a lie.
      let isTaken = try file.change { decisions in
        guard decisions.keys[name] == nil || decisions.keys[name] == wanted else { return true }
        decisions.keys[name] = wanted
        return false
      }
      guard !isTaken else {
        throw CommandFailure(
          .notSo, code: "exists", "\(name) is the name of another key: first openclaw skill trust \(name) --remove")
      }
      return report("\(name) is trusted, key \(wanted)", wanted)
    }
  }

  private func report(_ text: String, _ key: String) -> OutputOptions.Report {
    .init(text: text, fields: ["name": .string(name), "public_key": .string(key), "trusted": .bool(!remove)])
  }
}

import ArgumentParser
import Core
import Foundation
import Policy

/// `openclaw policy eval`
struct PolicyEvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Answer a request as official Cedar would, from files in its forms.",
    discussion: """
      For comparison with official Cedar: nothing of the house applies, neither its names nor its rule that an error in a \
      forbid denies. Policies are named policy0, policy1 and so on by their place. A request file is one request, or has a \
      list of them in `requests`, as Cedar's public tests have; then there are as many answers.
      """)

  @Option(help: ArgumentHelp("Policies in Cedar.", valueName: "file"))
  var policies: String

  @Option(help: ArgumentHelp("Entities, as a list in JSON.", valueName: "file"))
  var entities: String

  @Option(help: ArgumentHelp("A schema in Cedar's own notation.", valueName: "file"))
  var schema: String?

  @Option(help: ArgumentHelp("The request, in JSON: principal, action, resource, context.", valueName: "file"))
  var request: String

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await output.report {
      let (answers, isList) = try answers()
      return .init(
        text: answers.map(Self.text).joined(separator: "\n"),
        fields: isList ? ["answers": .array(answers.map { .object($0.fields) })] : answers[0].fields)
    }
  }

  private func answers() throws(CommandFailure) -> (answers: [CedarEvaluation.Answer], isList: Bool) {
    let files = (
      policies: try Self.file(policies), entities: try Self.file(entities), schema: try schema.map(Self.file),
      request: try Self.file(request)
    )
    do {
      return try CedarEvaluation.answers(
        policies: files.policies, entities: files.entities, schema: files.schema, request: files.request)
    } catch {
      throw CommandFailure(.notSo, code: "refused", "\(error)")
    }
  }

  private static func file(_ path: String) throws(CommandFailure) -> CedarEvaluation.File {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandFailure(.unavailable, code: "unreadable", "\(path) cannot be read")
    }
    return CedarEvaluation.File(name: path, bytes: Array(data))
  }

  private static func text(_ answer: CedarEvaluation.Answer) -> String {
    let reasons = answer.reasons.isEmpty ? "" : " by \(answer.reasons.joined(separator: ", "))"
    let errors = answer.errors.map { "\n  \($0.policy) cannot be evaluated: \($0.message)" }
    return (answer.isAllowed ? "allow" : "deny") + reasons + errors.joined()
  }
}

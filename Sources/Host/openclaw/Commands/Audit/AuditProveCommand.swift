import ArgumentParser
import Audit
import Core
import Storage

/// `openclaw audit prove`
struct AuditProveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prove", abstract: "Prove that a record is in the log, to somebody who has nothing else of it.",
    discussion: """
      Prints one JSON object: the record's head, the path of hashes from it to the root of the last checkpoint (RFC 9162), and that \
      checkpoint. `openclaw audit verify FILE` checks it, with --key by a key that came another way.
      """)

  @Argument(help: ArgumentHelp("The record's number.", valueName: "seq"))
  var sequence: Int64

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard sequence >= 1 else { throw ValidationError("Records are numbered from 1.") }
  }

  func run() async throws {
    let configuration = try options.load()
    do {
      let proof = try await ExistingStore.open(configuration).read { [sequence] in try InclusionProof(of: sequence, in: $0) }
      // The proof is the answer, with --json as well: it goes into a file as it is.
      try StandardOutput.write(proof.json.canonical)
    } catch {
      try await output.report { throw error }
    }
  }
}

import ArgumentParser
import Core
import Foundation
import Skills

/// `openclaw skill new`
struct SkillNewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Make a folder with a new skill that builds with `make`.",
    discussion: """
      The folder holds the skill, a Makefile, a SKILL.md for the model, and all that the skill needs to be built: the header of the \
      ABI, or SkillKit for Swift. `make` builds it, `make try` calls its tool in the sandbox, `make install PLUGINS=folder` drops it.
      """)

  @Argument(help: "The name of the skill, of its tool and of the folder: lower-case letters, digits and '-'.")
  var name: String

  @Option(name: .customLong("lang"), help: ArgumentHelp("c, cpp, swift or rust.", valueName: "language"))
  var language: String = "c"

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard SkillProject.Language(rawValue: language) != nil else {
      throw ValidationError("--lang must be \(SkillProject.Language.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
  }

  func run() async throws {
    try await output.report {
      let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "openclaw"
      do throws(SkillProject.Failure) {
        let project = try SkillProject(name: name, language: .init(rawValue: language) ?? .c, program: program)
        let folder = try project.create(in: FileManager.default.currentDirectoryPath)
        return .init(
          text: "Made ./\(name). Now: cd \(name) && make && make try",
          fields: ["folder": .string(folder), "files": .array(project.files.map { .string($0.path) })])
      } catch {
        let status: ExitStatus =
          switch error.code {
          case .badName: .wrongUsage
          case .exists: .notSo
          case .cannotWrite: .cannotWrite
          }
        throw CommandFailure(status, code: error.code.rawValue, "openclaw skill new: \(error.message)")
      }
    }
  }
}

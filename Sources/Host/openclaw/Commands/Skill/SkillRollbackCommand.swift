import ArgumentParser
import Core
import Skills

/// `openclaw skill rollback`
struct SkillRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Serve an earlier build of a skill instead of the one in its file.",
    discussion: """
      The last three builds of each skill that were served are kept. The file stays as it is; dropping another build goes \
      forward again. Works while the service runs and while it does not.
      """)

  @Argument(help: "The skill's id, or the last part of it.")
  var name: String

  @Option(help: ArgumentHelp("The build to serve; without it the one before the present one.", valueName: "hash|version"))
  var to: String?

  @Flag(help: "Serve what the file holds again.")
  var undo = false

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard to == nil || !undo else { throw ValidationError("--to and --undo exclude each other.") }
  }

  func run() async throws {
    try await output.report {
      let desk = try SkillDesk(options)
      let before = try desk.overview()
      let id = try before.found(name)
      return undo ? try await goForward(id, desk, before) : try await goBack(id, desk, before)
    }
  }

  private func goBack(_ id: String, _ desk: SkillDesk, _ before: SkillOverview) async throws -> OutputOptions.Report {
    let way: SkillOverview.WayBack
    do throws(SkillOperatingError) {
      way = try before.wayBack(of: id, to: to)
    } catch {
      throw CommandFailure(error)
    }
    let after = try await desk.decide { $0.rollbacks[id] = way.rollback }
    let leaves = way.leaves.map { "from \($0) " } ?? ""
    let target = "\(way.target.version) (\(way.target.hash.prefix(12)))"
    return .init(
      text: "\(id) goes back \(leaves)to \(target). \(SkillDesk.standing(of: id, in: after))",
      fields: [
        "skill": .string(id), "from": .string(way.rollback.from), "to": .string(way.rollback.to),
        "version": .string(way.target.version), "running": .bool(after.isServed),
      ])
  }

  private func goForward(_ id: String, _ desk: SkillDesk, _ before: SkillOverview) async throws -> OutputOptions.Report {
    let after = try await desk.decide { $0.rollbacks[id] = nil }
    let isNews = before.decisions.rollbacks[id] != nil
    let text = isNews ? "\(id) is served from its file again." : "\(id) was not rolled back."
    return .init(
      text: "\(text) \(SkillDesk.standing(of: id, in: after))",
      fields: ["skill": .string(id), "changed": .bool(isNews), "running": .bool(after.isServed)])
  }
}

import ArgumentParser
import Core
import Policy

/// `openclaw policy check`
struct PolicyCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Look the rules over: names, types, guards, and rules that nothing can come of.",
    discussion: """
      Holds rules and tables against people and roles, and against the tools of the plug-in folder with the types of their \
      arguments; runs nothing of them. Exits with 1 when something is wrong; a warning is no error.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let desk = try PolicyDesk(options)
    let world = desk.world
    let check = PolicyCheck(directory: desk.folder, world: world)
    let isFine = check.problems.isEmpty
    var lines = check.problems.map(\.description)
    lines += check.warnings.map { $0.described(as: "warning") }
    if world.tools.isEmpty { lines.append("There are no skills in \(desk.configuration.plugins): arguments were not checked.") }
    lines.append(
      isFine
        ? "\(check.rules) rules are in order, held against \(world.tools.count) tools."
        : "\(check.problems.count) \(check.problems.count == 1 ? "mistake" : "mistakes") in \(check.rules) rules.")
    try PolicyDesk.tell(
      lines.joined(separator: "\n"),
      fields: [
        "rules": .integer(Int64(check.rules)), "tools": .integer(Int64(world.tools.count)),
        "problems": .array(check.problems.map(\.fields)), "warnings": .array(check.warnings.map(\.fields)),
      ], isFine: isFine, code: "problems", output)
  }
}

import ArgumentParser
import Core
import Policy
import Storage

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
    let conflicts = await conflicts(in: desk)
    lines += conflicts.map { "warning: \($0)" }
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
        "conflicts": .array(conflicts.map { .string($0) }),
      ], isFine: isFine, code: "problems", output)
  }

  /// Accounts that are somebody else's by enrolment. Where there is no store yet, or it cannot be reached, there is nothing to say.
  private func conflicts(in desk: PolicyDesk) async -> [String] {
    guard let people = try? AdminDesk.people(of: desk.configuration), let store = try? ExistingStore.open(desk.configuration),
      let enrolled = try? await store.read({ try $0.enrolledPeople() })
    else { return [] }
    try? store.close()
    return AdminDesk.conflicts(inFile: people, enrolled: enrolled)
  }
}

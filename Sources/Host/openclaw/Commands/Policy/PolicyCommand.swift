import ArgumentParser

/// `openclaw policy …`
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check, test and explain the rules.", subcommands: verbs)

  /// Each in a file of its own.
  private static let verbs: [any ParsableCommand.Type] = [
    PolicyCheckCommand.self, PolicyTestCommand.self, PolicyExplainCommand.self, PolicyEvalCommand.self,
  ]
}

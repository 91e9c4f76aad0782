import ArgumentParser

/// `openclaw policy …`
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check, test, explain and compare the rules, and go back to earlier ones.",
    subcommands: verbs)

  /// Each in a file of its own.
  private static let verbs: [any ParsableCommand.Type] = [
    PolicyCheckCommand.self, PolicyTestCommand.self, PolicyExplainCommand.self, PolicyDiffCommand.self, PolicyHistoryCommand.self,
    PolicyRollbackCommand.self, PolicyEvalCommand.self,
  ]
}

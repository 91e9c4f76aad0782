import ArgumentParser

/// `openclaw skill …`
struct SkillCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "skill", abstract: "Write, check and manage skills.", subcommands: verbs)

  /// Each in a file of its own.
  private static let verbs: [any ParsableCommand.Type] = [
    SkillNewCommand.self, SkillCallCommand.self, SkillLintCommand.self, SkillInspectCommand.self, SkillVerifyCommand.self,
    SkillSignCommand.self, SkillTrustCommand.self, SkillKeygenCommand.self, SkillListCommand.self, SkillEnableCommand.self,
    SkillDisableCommand.self, SkillRollbackCommand.self, SkillGrantCommand.self, SkillLogsCommand.self,
  ]
}

import ArgumentParser

/// `openclaw audit`
struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Look into the audit log, prove what it says, and forget a person.",
    subcommands: [
      AuditVerifyCommand.self, AuditExportCommand.self, AuditProveCommand.self, AuditDiffCommand.self, AuditTailCommand.self,
      AuditEraseCommand.self,
    ])
}

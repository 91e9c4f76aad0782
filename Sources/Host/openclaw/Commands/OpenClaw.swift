import ArgumentParser
import Foundation

/// The program. Errors become exit codes here and nowhere else.
@main
struct OpenClaw: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "openclaw",
    abstract: "A QQ robot whose every action passes policy, approval and an audit log.",
    discussion: """
      Begin with `openclaw serve` in one terminal and `openclaw chat` in another: without a configuration file the \
      service has one playground channel that only this machine can reach.

      Exit codes: 0 fine, 1 the thing asked about is not so, 64 wrong usage, 69 a needed service is unavailable, \
      70 a bug in openclaw, 73 cannot write, 78 bad configuration.
      """,
    version: "0.1.0",
    subcommands: verbs)

  /// Every verb of the command line.
  static let verbs: [any ParsableCommand.Type] = [
    ServeCommand.self, ChatCommand.self, ConfigCommand.self, AuditCommand.self, EventsCommand.self, QueueCommand.self,
    SkillCommand.self, ApprovalsCommand.self, PolicyCommand.self, ModeCommand.self, AdminCommand.self, BackupCommand.self,
    StoreCommand.self,
  ]

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      leave(after: error)
    }
  }

  private static func leave(after error: any Error) -> Never {
    if let failure = CommandFailure(error) {
      StandardError.write(failure.message)
      exit(withError: failure.status.exitCode)
    }
    // Help, version and wrong usage are the argument parser's own; anything else was not expected by anybody.
    guard exitCode(for: error) == .failure, !(error is ExitCode) else { exit(withError: error) }
    StandardError.write("openclaw: unexpected error: \(error)")
    exit(withError: ExitStatus.bug.exitCode)
  }
}

import Glibc
import LinuxCalls

/// How a runner came to its end.
enum RunnerEnd: Equatable, Sendable {
  /// The host had no more use for it.
  case stopped
  /// It died by itself: `crashed: SIGSEGV`.
  case crashed(String)
  /// Killed because it broke the protocol.
  case violated(String)
  /// Killed because it ignored its deadline or a cancellation.
  case overdue
}

extension linux_exit {
  private static let names: [Int32: String] = [
    SIGSEGV: "SIGSEGV", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
    SIGSYS: "SIGSYS (forbidden system call)", SIGKILL: "SIGKILL (out of memory?)", SIGTERM: "SIGTERM", SIGPIPE: "SIGPIPE",
    SIGXCPU: "SIGXCPU (processor time)", SIGXFSZ: "SIGXFSZ (wrote to a file)", SIGINT: "SIGINT", SIGHUP: "SIGHUP",
    SIGQUIT: "SIGQUIT", SIGALRM: "SIGALRM", SIGUSR1: "SIGUSR1", SIGUSR2: "SIGUSR2",
  ]

  /// `crashed: SIGSEGV` or `exited with status 3`.
  var name: String {
    signal == 0 ? "exited with status \(status)" : "crashed: \(Self.names[signal] ?? "signal \(signal)")"
  }
}

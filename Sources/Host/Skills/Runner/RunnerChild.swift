import Glibc
import LinuxCalls
import SkillLoader

/// The child process of one runner and the host's ends of what connects them.
struct RunnerChild: Sendable {
  let socket: Descriptor
  let log: Descriptor
  let cancelPage: CancelPage
  /// Readable once the process has ended.
  let pidfd: Descriptor
  private let pid: pid_t

  /// Processor time that it has used so far; nil once it has been reaped.
  var processorTime: Duration? {
    let used = linux_processor_time(pid)
    return used < 0 ? nil : .nanoseconds(used)
  }

  /// The thread that starts every runner. A child is killed when the *thread* that started it ends, so this one never does.
  private static let spawner = SerialThread(name: "skill-spawn")

  /// Starts the runner executable. Fails with `hostFailure` only.
  static func start(executable: String) async throws(SkillRefusal) -> RunnerChild {
    let outcome: Result<RunnerChild, SkillRefusal> = await spawner.run {
      do throws(SkillRefusal) {
        return .success(try spawn(executable: executable))
      } catch {
        return .failure(error)
      }
    }
    return try outcome.get()
  }

  private static func spawn(executable: String) throws(SkillRefusal) -> RunnerChild {
    guard let (socket, theirSocket) = Descriptor.packetPair(), let (log, theirLog) = Descriptor.pipe(),
      let cancelPage = CancelPage(), let empty = Descriptor(linux_memfd("openclaw-empty")), linux_seal(empty.number) == 0
    else { throw failure("no descriptors for a runner", errno) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0)
    let inherited = [
      (theirLog, STDOUT_FILENO), (theirLog, STDERR_FILENO), (theirSocket, OC_FD_RPC), (empty, OC_FD_IMAGE),
      (empty, OC_FD_EMPTY), (cancelPage.descriptor, OC_FD_CANCEL),
    ]
    for (descriptor, number) in inherited { posix_spawn_file_actions_adddup2(&actions, descriptor.number, number) }
    _ = linux_spawn_close_from(&actions, OC_FD_CANCEL + 1)

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var pid: pid_t = 0
    let result = "openclaw-runner".withCString { name in
      // The environment is empty, but not absent: the runtime of a skill may read it.
      var environment: [UnsafeMutablePointer<CChar>?] = [nil]
      var arguments: [UnsafeMutablePointer<CChar>?] = [UnsafeMutablePointer(mutating: name), nil]
      return posix_spawn(&pid, executable, &actions, &attributes, &arguments, &environment)
    }
    withExtendedLifetime((theirSocket, theirLog, empty, cancelPage)) {}
    guard result == 0 else { throw failure("the runner '\(executable)' could not be started", result) }
    guard let pidfd = Descriptor(linux_pidfd(pid)) else {
      let code = errno
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      throw failure("no pidfd for the runner", code)
    }
    return RunnerChild(socket: socket, log: log, cancelPage: cancelPage, pidfd: pidfd, pid: pid)
  }

  private static func failure(_ what: String, _ code: Int32) -> SkillRefusal {
    SkillRefusal(.hostFailure, "\(what): \(String(cString: strerror(code)))")
  }
}

import Foundation

/// The sandboxed child's program, which is installed beside this one.
enum RunnerProgram {
  static func path() throws(CommandFailure) -> String {
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      throw CommandFailure(.unavailable, code: "no_proc", "/proc is not mounted; the skill runner cannot be found")
    }
    let runner = (program as NSString).deletingLastPathComponent + "/openclaw-runner"
    guard FileManager.default.isExecutableFile(atPath: runner) else {
      throw CommandFailure(
        .unavailable, code: "no_runner", "openclaw-runner is missing beside openclaw; install both files together")
    }
    return runner
  }
}

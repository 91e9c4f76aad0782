import Foundation

/// Ties the life of a server to that of the benchmark, however that ends: the kernel closes the pipe at the other end of
/// standard input, and the server is killed.
enum Guardian {
  /// Ends this process at the end of standard input.
  static func exitWithParent() {
    whenInputEnds { _exit(0) }
  }

  /// Runs a program that knows nothing of this, and kills it at the end of standard input.
  static func run(_ program: String, _ arguments: [String]) throws -> Never {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let pid = process.processIdentifier
    LogLine(msg: "started", pid: String(pid)).write()
    whenInputEnds { kill(pid, SIGKILL) }
    process.waitUntilExit()
    exit(process.terminationStatus)
  }

  /// A thread of its own, because it waits for ever.
  private static func whenInputEnds(_ body: @escaping @Sendable () -> Void) {
    let thread = Thread {
      var byte: UInt8 = 0
      while read(STDIN_FILENO, &byte, 1) > 0 {}
      body()
    }
    thread.start()
  }
}

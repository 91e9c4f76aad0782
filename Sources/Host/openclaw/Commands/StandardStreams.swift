import Foundation

/// The place for answers.
enum StandardOutput {
  /// Writes one line, at once.
  static func write(_ line: String) throws(CommandFailure) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
    } catch {
      throw CommandFailure(.cannotWrite, code: "cannot_write", "openclaw: cannot write to standard output")
    }
  }
}

/// The place for everything that is not the answer itself.
enum StandardError {
  static func write(_ line: String) {
    // Nothing is left to tell anybody about a standard error that cannot be written.
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
  }
}

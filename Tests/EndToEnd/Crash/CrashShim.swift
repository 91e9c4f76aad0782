import Foundation
import Testing

/// `Tests/Fixtures/CrashShim`, built into a folder of the test: sees the calls by which the service changes its files.
struct CrashShim: Sendable {
  private let library: URL

  static func built(in folder: URL) async throws -> CrashShim {
    let library = folder.appending(path: "crash_shim.so")
    let source = House.project.appending(path: "Tests/Fixtures/CrashShim/crash_shim.c")
    let compiler = try await Finished.run(
      URL(filePath: "/usr/bin/env"),
      ["clang", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", source.path, "-o", library.path],
      in: folder, environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"])
    guard compiler.status == 0 else { throw ProcessProblem("the shim does not build: \(compiler.errors)") }
    return CrashShim(library: library)
  }

  /// A commit, by something that it alone writes.
  struct Commit: Sendable, CustomTestStringConvertible {
    let word: String
    /// Whether the process ends when it is on disk, and not just before anything of it is written.
    let isOnDisk: Bool

    var testDescription: String { "\(isOnDisk ? "after" : "before") \(word)" }
  }

  /// - Parameters:
  ///   - data: the folder whose files are watched.
  ///   - commit: at which the process ends; nil: at none.
  ///   - crashAt: the number of the call before which the process ends; nil: it does not.
  ///   - log: where calls are written down; nil: nowhere.
  func environment(
    for data: URL, crashAt: Int? = nil, commit: Commit? = nil, log: URL? = nil
  ) -> [String: String] {
    var environment = ["LD_PRELOAD": library.path, "CRASH_FOLDER": data.path]
    environment["CRASH_AT"] = crashAt.map { String($0) }
    environment["CRASH_WORD"] = commit?.word
    environment["CRASH_AFTER"] = commit?.isOnDisk == true ? "1" : nil
    environment["CRASH_LOG"] = log?.path
    return environment
  }
}

import Foundation

/// The skills under `Tests/Fixtures`, built into a folder of the test.
enum TestSkills {
  /// - Parameters:
  ///   - name: the only one that is needed; nil builds them all.
  ///   - hostFile: a file that the hostile ones go for.
  static func built(in folder: URL, only name: String? = nil, hostFile: URL? = nil) async throws -> URL {
    let output = folder.appending(path: "built")
    let make = try await Finished.run(
      URL(filePath: "/usr/bin/make"),
      ["-C", House.project.appending(path: "Tests/Fixtures/Skills").path, "OUT=\(output.path)"]
        + (name.map { ["\(output.path)/\($0).so"] } ?? []) + (hostFile.map { ["HOST_FILE=\($0.path)"] } ?? []),
      in: folder, environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"])
    guard make.status == 0 else { throw ProcessProblem("the skills of the tests do not build: \(make.errors)") }
    return output
  }
}

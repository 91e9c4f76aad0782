import Foundation
import Testing

@testable import Skills

/// The example skills and the misbehaving ones, built once for a test run.
enum SkillFixtures {
  struct BuildFailed: Error {
    let folder: String
    let output: String
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  private static let plugins = Result { try build("Plugins") }
  private static let hostile = Result { try build("Tests/Fixtures/Skills") }

  /// Where the executable that runs the tests lies.
  private static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

  static let runner = products.appending(path: "openclaw-runner").path

  /// `echo`, `clock`, `calc`, `tickets`.
  static func example(_ name: String) throws -> URL {
    try plugins.get().appending(path: "\(name).so")
  }

  /// One of the skills in Tests/Fixtures/Skills, by its file name without extension.
  static func fixture(_ name: String) throws -> URL {
    try hostile.get().appending(path: "\(name).so")
  }

  /// A program in place of the runner, which becomes it on a machine that is worse: by the name of its variant.
  static func launcher(_ variant: String) throws -> String {
    try hostile.get().appending(path: "launch_\(variant)").path
  }

  /// What the hostile skill tries, run without a sandbox.
  static func unconfined() throws -> String {
    try run([hostile.get().appending(path: "unconfined").path]).text
  }

  /// One of the files in Tests/Fixtures/Released.
  static func released(_ name: String) -> URL {
    root.appending(path: "Tests/Fixtures/Released/\(name)")
  }

  static func bytes(_ file: URL) throws -> [UInt8] {
    Array(try Data(contentsOf: file))
  }

  static func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "skills-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private static func build(_ folder: String) throws -> URL {
    let output = products.appending(path: "SkillFixtures/\(folder)")
    let hostFile = products.appending(path: "SkillFixtures/host.txt")
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    try Data("a secret of the host\n".utf8).write(to: hostFile)
    // The crash storm is a process of its own and needs the same skills: one builds, the other waits and finds them built.
    let result = try run([
      "flock", "\(output.path).lock", "make", "-s", "-C", root.appending(path: folder).path, "OUT=\(output.path)",
      "HOST_FILE=\(hostFile.path)",
      "RUNNER=\(runner)",
    ])
    guard result.status == 0 else { throw BuildFailed(folder: folder, output: result.text) }
    return output
  }

  /// Runs a program that is found on PATH; what it wrote on both of its outputs.
  static func run(_ arguments: [String], in folder: URL? = nil) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}

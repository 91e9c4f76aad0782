import Core
import Foundation

/// A folder with configuration, rules and skills for one service of a test; removed at the end.
final class House: Sendable {
  let folder: URL

  static let project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Copies the shipped rules and the example skills.
  ///
  /// - Parameters:
  ///   - channels: lines under `channels:`.
  ///   - server: lines beside `channels:`.
  ///   - people: `roles.yaml`; nil keeps the shipped one.
  init(
    channels: String? = nil, server: String = "", people: String? = nil, skills: [String] = ["echo", "clock", "tickets", "calc"]
  ) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "openclaw-house-\(UUID().uuidString)")
    let files = FileManager.default
    try files.createDirectory(at: folder.appending(path: "Plugins"), withIntermediateDirectories: true)
    try files.copyItem(at: Self.project.appending(path: "policies"), to: folder.appending(path: "policies"))
    for skill in skills { try install(Self.project.appending(path: "Plugins/\(skill).so"), as: skill) }
    if let people { try Data(people.utf8).write(to: folder.appending(path: "policies/roles.yaml")) }
    guard let channels else { return }
    let configuration = """
      \(server)
      channels:
      \(channels)
      limits:
        sender: { per_minute: 600000, burst: 100000 }
        group: { per_minute: 600000, burst: 100000 }
        channel: { per_minute: 600000, burst: 100000 }
      """
    try Data(configuration.utf8).write(to: folder.appending(path: "openclaw.yaml"))
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
  }

  /// Drops a library into `Plugins/` the way `mv` does.
  func install(_ library: URL, as name: String) throws {
    let hidden = folder.appending(path: "Plugins/.\(name).tmp")
    try? FileManager.default.removeItem(at: hidden)
    try FileManager.default.copyItem(at: library, to: hidden)
    guard rename(hidden.path, folder.appending(path: "Plugins/\(name).so").path) == 0 else {
      throw ProcessProblem("cannot rename into Plugins")
    }
  }

  /// What the robot answers to bob in the group demo of the playground.
  func say(_ line: String, to service: ServiceProcess) async throws -> String {
    try await Finished.run(
      ServiceProcess.program("openclaw"),
      ["chat", "--url", "http://127.0.0.1:\(service.port)", "--as", "bob", "--group", "demo"],
      in: folder, input: line + "\n"
    ).output
  }

  func remove(_ name: String) throws {
    try FileManager.default.removeItem(at: folder.appending(path: "Plugins/\(name).so"))
  }
}

/// Runs a program to its end.
struct Finished: Sendable {
  let status: Int32
  let output: String
  let errors: String

  static func run(
    _ program: URL, _ arguments: [String], in folder: URL, input: String = "", environment: [String: String] = [:]
  ) async throws -> Finished {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
    let (output, errors, standardInput) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = standardInput
    try process.run()
    standardInput.fileHandleForWriting.write(Data(input.utf8))
    try standardInput.fileHandleForWriting.close()
    async let said = drain(output)
    async let complained = drain(errors)
    let (text, complaint) = await (said, complained)
    process.waitUntilExit()
    return Finished(status: process.terminationStatus, output: text, errors: complaint)
  }

  /// Reads on a thread of its own: a pipe that nobody empties would stop the program.
  private static func drain(_ pipe: Pipe) async -> String {
    let handle = pipe.fileHandleForReading
    return await withCheckedContinuation { continuation in
      let thread = Thread { continuation.resume(returning: String(decoding: handle.readDataToEndOfFile(), as: UTF8.self)) }
      thread.start()
    }
  }
}

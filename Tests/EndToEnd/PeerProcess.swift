import Foundation

/// Programs in Python that other people's packages are used by; see `Tests/Peers`.
enum Peers {
  static let python = House.project.appending(path: ".peers/bin/python")

  /// `scripts/setup-peers` installs them; without it their tests are left out.
  static var areInstalled: Bool { FileManager.default.isExecutableFile(atPath: python.path) }

  static func script(_ name: String) -> URL { House.project.appending(path: "Tests/Peers/\(name).py") }

  /// Runs a script that says `ready` and the port that it serves, while `body` runs.
  static func run(
    _ name: String, _ arguments: [String] = [], environment: [String: String] = [:], _ body: (_ port: Int) async throws -> Void
  ) async throws {
    let process = Process()
    process.executableURL = python
    process.arguments = ["-B", script(name).path] + arguments
    process.currentDirectoryURL = FileManager.default.temporaryDirectory
    process.environment = ["PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"].merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    let (lines, line) = AsyncStream.makeStream(of: String.self)
    // A thread of its own: a pipe that nobody empties would stop the program.
    let reader = Thread {
      let handle = output.fileHandleForReading
      while case let data = handle.availableData, !data.isEmpty { line.yield(String(decoding: data, as: UTF8.self)) }
      line.finish()
    }
    try process.run()
    reader.start()
    var said = ""
    for await text in lines {
      said += text
      if said.firstMatch(of: #/ready \d+ /#) != nil { break }
    }
    guard let port = said.firstMatch(of: #/ready (\d+) /#).flatMap({ Int($0.1) }) else {
      throw ProcessProblem("\(name) did not start: \(said)")
    }
    let result = await Result { try await body(port) }
    // They have nothing to tidy up, and some wait for their connections.
    kill(process.processIdentifier, SIGKILL)
    for await _ in lines {}
    process.waitUntilExit()
    try result.get()
  }
}

extension Result where Failure == any Error, Success: Sendable {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

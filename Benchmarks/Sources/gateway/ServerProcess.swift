import Foundation

/// A server under test, in a process of its own.
final class ServerProcess {
  enum Kind: CaseIterable {
    case bare, verifying, openclaw

    var name: String {
      switch self {
      case .bare: "bare"
      case .verifying: "bare, verifying"
      case .openclaw: "openclaw"
      }
    }
  }

  private static let patience: Duration = .seconds(20)

  let port: Int
  private let pid: pid_t
  private let process: Process
  /// The server lives as long as this stays open.
  private let lifeline: Pipe

  /// Returns when the server accepts connections.
  ///
  /// - Parameters:
  ///   - arguments: for this benchmark's own executable.
  ///   - folder: becomes the working directory.
  init(_ arguments: [String], in folder: URL, environment: [String: String] = [:]) throws {
    let process = Process()
    process.executableURL = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
    let lifeline = Pipe()
    let log = Pipe()
    process.standardInput = lifeline
    process.standardOutput = FileHandle.nullDevice
    process.standardError = log
    try process.run()
    self.process = process
    self.lifeline = lifeline
    do {
      let start = try Self.waitUntilListening(log.fileHandleForReading.fileDescriptor)
      port = start.port
      pid = start.pid ?? process.processIdentifier
    } catch {
      try? lifeline.fileHandleForWriting.close()
      process.waitUntilExit()
      throw error
    }
    Self.pass(on: log.fileHandleForReading)
  }

  /// Kills the server, and returns when it is gone.
  func stop() {
    try? lifeline.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Processor time that the server has used so far, in user and kernel, in seconds.
  func processorTime() throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    // The second field is the program's name in parentheses; user and kernel time are the 14th and 15th, in clock ticks.
    let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let kernel = Double(fields[13]) else {
      throw Problem("/proc/\(pid)/stat has an unknown form")
    }
    return (user + kernel) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private static func waitUntilListening(_ log: Int32) throws -> (port: Int, pid: pid_t?) {
    let deadline = ContinuousClock.now + patience
    var text: [UInt8] = []
    var pid: pid_t?
    var byte: UInt8 = 0
    while ContinuousClock.now < deadline {
      var waiting = pollfd(fd: log, events: Int16(POLLIN), revents: 0)
      guard poll(&waiting, 1, 100) > 0 else { continue }
      // Byte by byte: what comes behind the line stays in the pipe.
      guard read(log, &byte, 1) == 1 else {
        throw Problem("the server ended at once:\n\(String(decoding: text.suffix(2000), as: UTF8.self))")
      }
      text.append(byte)
      guard byte == UInt8(ascii: "\n") else { continue }
      let last = text.dropLast().split(separator: UInt8(ascii: "\n")).last ?? []
      guard let line = try? JSONDecoder().decode(LogLine.self, from: Data(last)) else { continue }
      if line.msg == "started" { pid = line.pid.flatMap { pid_t($0) } }
      if line.msg == "listening", let port = line.port.flatMap({ Int($0) }) { return (port, pid) }
    }
    throw Problem("the server did not listen within \(patience):\n\(String(decoding: text.suffix(2000), as: UTF8.self))")
  }

  /// Empties the log for ever, and shows its beginning: in a healthy run there is none.
  private static func pass(on log: FileHandle) {
    let thread = Thread {
      var allowance = 8 * 1024
      while true {
        let chunk = log.availableData
        guard !chunk.isEmpty else { return }
        FileHandle.standardError.write(chunk.prefix(allowance))
        allowance -= min(allowance, chunk.count)
      }
    }
    thread.start()
  }
}

/// Why there is no measurement.
struct Problem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }

  /// The reason of the system call that has just failed.
  static func system(_ what: String) -> Problem { Problem("\(what): \(String(cString: strerror(errno)))") }
}

import Core
import Foundation
import Synchronization

/// The real program, in a folder of its own, seen from outside: its log, its port, its exit.
final class ServiceProcess: Sendable {
  /// Products of the build that this test belongs to, or those in the folder that `OPENCLAW_BUILD` names.
  static let products =
    ProcessInfo.processInfo.environment["OPENCLAW_BUILD"].map { URL(filePath: $0) }
    ?? URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

  let folder: URL
  let port: Int
  private let launch: Launch

  /// Starts `openclaw serve` and returns when it accepts connections.
  static func start(in folder: URL, arguments: [String] = [], environment: [String: String] = [:]) async throws -> ServiceProcess
  {
    try await Launch(in: folder, arguments: arguments, environment: environment).listening()
  }

  private init(folder: URL, port: Int, launch: Launch) {
    self.folder = folder
    self.port = port
    self.launch = launch
  }

  /// A process of `openclaw serve` that may not listen yet.
  final class Launch: Sendable {
    private let folder: URL
    private let process: Mutex<Process>
    fileprivate let log: LogLines

    init(in folder: URL, arguments: [String] = [], environment: [String: String] = [:]) throws {
      let log = LogLines()
      let process = Process()
      process.executableURL = program("openclaw")
      process.arguments = ["serve"] + (arguments.contains("--port") ? [] : ["--port", "0"]) + arguments
      process.currentDirectoryURL = folder
      process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
      process.standardOutput = FileHandle.nullDevice
      let errors = Pipe()
      process.standardError = errors
      // A thread of its own: a dispatch source must not outlive its descriptor, and a pipe goes when the process object goes.
      let reader = Thread {
        let handle = errors.fileHandleForReading
        while case let data = handle.availableData, !data.isEmpty { log.take(data) }
        log.end()
      }
      try process.run()
      reader.start()
      self.folder = folder
      self.process = Mutex(process)
      self.log = log
    }

    /// Returns when it accepts connections; throws when it ends before that.
    func listening() async throws -> ServiceProcess {
      let listening = try await log.first { $0["msg"]?.string == "listening" }
      guard let port = listening["port"]?.string.flatMap({ Int($0) }) else { throw ProcessProblem("no port in the log") }
      return ServiceProcess(folder: folder, port: port, launch: self)
    }

    var processIdentifier: Int32 { process.withLock { $0.processIdentifier } }

    func signal(_ number: Int32) {
      _ = process.withLock { Foundation.kill($0.processIdentifier, number) }
    }

    /// The end of the log, for the error that tells of an unexpected end.
    var lastWords: String { log.lastWords }

    /// Waits for the end of the process; its exit code, or the number of the signal that ended it.
    func end() async -> (reason: Process.TerminationReason, status: Int32) {
      await log.waitForEnd()
      return process.withLock { process in
        process.waitUntilExit()
        return (process.terminationReason, process.terminationStatus)
      }
    }
  }

  static func program(_ name: String) -> URL { products.appending(path: name) }

  var processIdentifier: Int32 { launch.processIdentifier }

  /// SIGKILL: nothing of the program runs after this.
  func kill() async {
    launch.signal(SIGKILL)
    await launch.log.waitForEnd()
  }

  /// SIGTERM; returns the exit code.
  func terminate() async -> Int32 {
    launch.signal(SIGTERM)
    return await launch.end().status
  }

  /// The first log line, already written or to come, that fits.
  func logLine(where fits: @escaping @Sendable (JSON) -> Bool) async throws -> JSON {
    try await launch.log.first(where: fits)
  }

  /// Every line so far.
  var lines: [JSON] { launch.log.all }
}

struct ProcessProblem: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The log as it grows.
final class LogLines: Sendable {
  private struct Waiter {
    let fits: @Sendable (JSON) -> Bool
    let continuation: CheckedContinuation<JSON, any Error>
  }

  private struct State {
    var partial: [UInt8] = []
    var lines: [JSON] = []
    var raw: [String] = []
    var waiters: [Waiter] = []
    var endWaiters: [CheckedContinuation<Void, Never>] = []
    var hasEnded = false
  }

  private let state = Mutex(State())

  var all: [JSON] { state.withLock(\.lines) }

  func take(_ data: Data) {
    state.withLock { state in
      state.partial += data
      while let end = state.partial.firstIndex(of: UInt8(ascii: "\n")) {
        let text = state.partial[..<end]
        state.partial.removeSubrange(...end)
        guard let line = try? JSON(parsing: text) else {
          state.raw.append(String(decoding: text, as: UTF8.self))
          continue
        }
        state.lines.append(line)
        state.waiters.removeAll { waiter in
          guard waiter.fits(line) else { return false }
          waiter.continuation.resume(returning: line)
          return true
        }
      }
    }
  }

  func end() {
    state.withLock { state in
      state.hasEnded = true
      let said = Self.lastWords(state)
      for waiter in state.waiters { waiter.continuation.resume(throwing: ProcessProblem("the service ended: \(said)")) }
      state.waiters = []
      for waiter in state.endWaiters { waiter.resume() }
      state.endWaiters = []
    }
  }

  var lastWords: String { state.withLock { Self.lastWords($0) } }

  private static func lastWords(_ state: State) -> String {
    (state.raw + state.lines.suffix(5).map(\.canonical)).joined(separator: "\n")
  }

  func first(where fits: @escaping @Sendable (JSON) -> Bool) async throws -> JSON {
    try await withCheckedThrowingContinuation { continuation in
      state.withLock { state in
        if let line = state.lines.first(where: fits) {
          continuation.resume(returning: line)
        } else if state.hasEnded {
          continuation.resume(throwing: ProcessProblem("the service ended: \(state.raw.joined(separator: "\n"))"))
        } else {
          state.waiters.append(Waiter(fits: fits, continuation: continuation))
        }
      }
    }
  }

  func waitForEnd() async {
    await withCheckedContinuation { continuation in
      state.withLock { state in
        if state.hasEnded { continuation.resume() } else { state.endWaiters.append(continuation) }
      }
    }
  }
}

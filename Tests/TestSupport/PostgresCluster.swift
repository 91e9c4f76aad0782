package import Foundation
import Synchronization

/// A PostgreSQL server of one test, to be killed, frozen and started again.
package final class PostgresCluster: Sendable {
  package let folder: URL
  private let settings: [String]
  private let process = Mutex<Process?>(nil)

  private static let program = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "scripts/postgres-server")

  /// Starts a new server.
  ///
  /// - Parameter settings: as in `fsync=off`.
  package init(_ settings: String...) async throws {
    // A socket's path must be short.
    folder = URL(filePath: "/tmp/openclaw-pg.\(UUID().uuidString.prefix(8))")
    self.settings = settings
    try await start()
  }

  deinit {
    process.withLock { process in
      guard let process, process.isRunning else { return }
      Foundation.kill(process.processIdentifier, SIGQUIT)
      process.waitUntilExit()
    }
    try? FileManager.default.removeItem(at: folder)
  }

  package var address: String { "postgres://openclaw@/postgres?host=\(folder.path)" }

  /// Starts the server on its files, after a kill as after a power cut, and returns when it takes connections.
  package func start() async throws {
    // What a killed server leaves in memory holds the next one up for a moment.
    for attempt in 1... {
      let process = Process()
      process.executableURL = Self.program
      process.arguments = [folder.path] + settings
      process.standardOutput = FileHandle.nullDevice
      let log = Pipe()
      process.standardError = log
      try process.run()
      let (isReady, said) = await Self.isReady(log)
      if isReady {
        self.process.withLock { $0 = process }
        return
      }
      process.waitUntilExit()
      guard attempt < 50 else { throw PostgresServer.Unavailable(description: said) }
    }
  }

  /// Ends the server at once: SIGQUIT is PostgreSQL's own immediate stop, SIGKILL is nobody's.
  package func kill(_ signal: Int32 = SIGQUIT) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let thread = Thread { [self] in
        // Held all the while: there is nothing to be done with a server that is about to end.
        process.withLock { process in
          guard let ending = process.take() else { return }
          Foundation.kill(ending.processIdentifier, signal)
          ending.waitUntilExit()
        }
        continuation.resume()
      }
      thread.start()
    }
  }

  /// Reads the log on a thread of its own until the server is ready or gone; goes on reading, lest the pipe fill up.
  private static func isReady(_ log: Pipe) async -> (Bool, String) {
    let handle = log.fileHandleForReading
    return await withCheckedContinuation { continuation in
      let thread = Thread {
        var text = ""
        var isTold = false
        while case let data = handle.availableData, !data.isEmpty {
          guard !isTold else { continue }
          text += String(decoding: data, as: UTF8.self)
          if text.contains("ready to accept connections") {
            isTold = true
            continuation.resume(returning: (true, ""))
          }
        }
        if !isTold { continuation.resume(returning: (false, text)) }
      }
      thread.start()
    }
  }
}

import Foundation

/// The service over many lives. Whoever wants to talk to it waits while it is down.
actor RestartingService {
  /// How a life ends, unless it ends before.
  enum Death: Sendable {
    /// SIGKILL so long after the start of the process, wherever that finds it.
    case afterStart(Duration)
    /// SIGKILL so long after it began to listen.
    case afterListening(Duration)
    /// SIGTERM when this is over.
    case endOf(Task<Void, any Error>)
    /// SIGKILL at this commit.
    case commit(CrashShim.Commit)
    /// SIGKILL from this task, when it ends.
    case hand(of: Task<Void, any Error>)
  }

  private let folder: URL
  private let shim: CrashShim?
  private let log: URL?
  private var service: ServiceProcess?
  private var waiters: [CheckedContinuation<Int, any Error>] = []
  /// Why there will be no further life.
  private var failure: ProcessProblem?

  /// - Parameters:
  ///   - shim: needed for lives that end at a call, and for the log.
  ///   - log: where the calls of all lives are written down.
  init(in folder: URL, shim: CrashShim? = nil, log: URL? = nil) {
    self.folder = folder
    self.shim = shim
    self.log = log
  }

  /// Where the service listens now, or will. Throws once it has failed to live.
  func port() async throws -> Int {
    if let failure { throw failure }
    if let service { return service.port }
    return try await withCheckedThrowingContinuation { waiters.append($0) }
  }

  /// One life from start to death. Throws when the service ended by itself.
  ///
  /// - Parameter call: SIGKILL comes before the call of this number that changes a file of the data folder.
  /// - Returns: whether it was killed.
  @discardableResult
  func live(until death: Death, orCall call: Int? = nil) async throws -> Bool {
    var commit: CrashShim.Commit?
    if case .commit(let named) = death { commit = named }
    let launch = try ServiceProcess.Launch(in: folder, environment: environment(call: call, commit: commit))
    // Both run beside the wait for the end, and are over soon after it.
    let listening = Task { if let started = try? await launch.listening() { publish(started) } }
    let killer = Task {
      switch death {
      // The moment itself is what matters here; nothing is being waited for.
      case .afterStart(let time):
        if (try? await Task.sleep(for: time)) != nil { launch.signal(SIGKILL) }
      case .afterListening(let time):
        await listening.value
        if (try? await Task.sleep(for: time)) != nil { launch.signal(SIGKILL) }
      case .endOf(let script):
        // Before it listens it does not know yet what to do with the signal.
        await listening.value
        if case .success = await script.result { launch.signal(SIGTERM) } else { launch.signal(SIGKILL) }
      case .commit: break
      case .hand(let task):
        _ = await task.result
        launch.signal(SIGKILL)
      }
    }
    let end = await launch.end()
    killer.cancel()
    await listening.value
    service = nil
    switch (end.reason, end.status, death) {
    case (.uncaughtSignal, SIGKILL, _): return true
    case (.exit, 0, .endOf): return false
    default: throw fail("the service ended by itself with \(end.status): \(launch.lastWords)")
    }
  }

  /// A life that lasts until `stop`.
  func start() async throws {
    do {
      publish(try await ServiceProcess.start(in: folder, environment: environment(call: nil, commit: nil)))
    } catch {
      throw fail("\(error)")
    }
  }

  /// SIGTERM; the exit code.
  func stop() async -> Int32? {
    let stopped = service
    service = nil
    return await stopped?.terminate()
  }

  /// SIGKILL, to a life that began with `start`.
  func kill() async {
    let killed = service
    service = nil
    await killed?.kill()
  }

  private func publish(_ started: ServiceProcess) {
    service = started
    for waiter in waiters { waiter.resume(returning: started.port) }
    waiters = []
  }

  private func fail(_ reason: String) -> ProcessProblem {
    let problem = ProcessProblem(reason)
    failure = problem
    for waiter in waiters { waiter.resume(throwing: problem) }
    waiters = []
    return problem
  }

  private func environment(call: Int?, commit: CrashShim.Commit?) -> [String: String] {
    guard let shim, call != nil || commit != nil || log != nil else { return CrashHouse.environment }
    let data = folder.appending(path: "data")
    return CrashHouse.environment.merging(shim.environment(for: data, crashAt: call, commit: commit, log: log)) { $1 }
  }
}

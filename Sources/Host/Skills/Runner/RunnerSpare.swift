import Synchronization

/// Keeps one runner in its sandbox and without a skill, so that a start costs no process.
final class RunnerSpare: Sendable {
  private struct State: Sendable {
    var spare: RunnerProcess?
    /// Starts that failed and spares that died since the last one was of use.
    var failures = 0
  }

  private static let firstDelay: Duration = .milliseconds(100)
  private static let longestDelay: Duration = .seconds(60)

  private let executable: String
  private let startBudget: Duration
  private let onPlaced: @Sendable (RunnerProcess) -> Void
  private let demand: AsyncStream<Void>
  private let ask: AsyncStream<Void>.Continuation
  private let state = Mutex(State())

  /// `startBudget` is the time for closing a sandbox. `onPlaced` sees every spare when it is there.
  init(executable: String, startBudget: Duration, onPlaced: @escaping @Sendable (RunnerProcess) -> Void = { _ in }) {
    self.onPlaced = onPlaced
    self.executable = executable
    self.startBudget = startBudget
    (demand, ask) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
  }

  /// Runs a skill in the spare, or in a new runner when there is none. `budget` is the time for loading it.
  ///
  /// `onEnd` is called once, when the process is gone, for every runner that this returns.
  func start(
    _ image: SkillImage, budget: Duration, log: SkillLog, onEnd: @escaping @Sendable (RunnerEnd) -> Void
  ) async throws(SkillRefusal) -> RunnerProcess {
    let spare = take()
    // From the first use on, because a host whose skills are all trusted needs none; and after it, not to stand in its way.
    defer { ask.yield() }
    if let spare {
      do throws(SkillRefusal) {
        try await spare.load(image, budget: budget, log: log, onEnd: onEnd)
        return spare
      } catch {
        // One that died at this very moment is no reason to fail.
        guard error.code == .hostFailure else { throw error }
      }
    }
    let runner = try await RunnerProcess.start(executable: executable, startBudget: startBudget)
    try await runner.load(image, budget: budget, log: log, onEnd: onEnd)
    return runner
  }

  /// Fills the place whenever it is empty, until the task is cancelled; then the spare ends too.
  func run() async {
    for await _ in demand {
      let (isEmpty, failures) = state.withLock { ($0.spare == nil, $0.failures) }
      guard isEmpty else { continue }
      do {
        if failures > 0 { try await Task.sleep(for: Self.delay(after: failures)) }
        place(try await RunnerProcess.start(executable: executable, startBudget: startBudget) { _ in self.lose() })
      } catch is CancellationError {
        break
      } catch {
        lose()
      }
    }
    state.withLock { $0.spare.take() }?.stop()
  }

  static func delay(after failures: Int) -> Duration {
    min(longestDelay, firstDelay * (1 << min(failures - 1, 16)))
  }

  private func take() -> RunnerProcess? {
    state.withLock { state in
      guard let spare = state.spare.take(), spare.isReady else { return nil }
      state.failures = 0
      return spare
    }
  }

  private func place(_ runner: RunnerProcess) {
    // One that has died already was lost before it was placed.
    guard runner.isReady else {
      ask.yield()
      return
    }
    state.withLock { $0.spare = runner }
    onPlaced(runner)
  }

  /// The spare died, or could not be started.
  private func lose() {
    state.withLock { state in
      state.failures += 1
      if state.spare?.isReady != true { state.spare = nil }
    }
    ask.yield()
  }
}

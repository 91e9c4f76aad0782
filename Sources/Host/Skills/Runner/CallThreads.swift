import Foundation

/// The threads that calls of skills run on: here, and only here, a call may block until its runner answers.
///
/// A call that waits in the kernel costs one switch to the runner and one back. To be woken by another thread would cost a
/// third, and a fourth on a machine whose processors sleep. Whoever makes many calls runs on these threads all along, by
/// preferring this executor for its tasks; for everybody else each call hops here and back.
///
/// `@unchecked Sendable`: everything that changes is touched only with `condition` locked.
package final class CallThreads: TaskExecutor, @unchecked Sendable {
  package static let shared = CallThreads()

  /// More calls than this are never in flight; what is beyond waits in line.
  private static let limit = 256
  /// A thread that had nothing to do for so long ends.
  private static let patience: TimeInterval = 10

  private let condition = NSCondition()
  private var jobs: [UnownedJob] = []
  private var threads = 0
  private var idle = 0

  package func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    condition.lock()
    jobs.append(job)
    let needsThread = idle < jobs.count && threads < Self.limit
    if needsThread { threads += 1 }
    condition.signal()
    condition.unlock()
    if needsThread { start() }
  }

  /// Runs `body` on one of these threads; at once when the task prefers them already.
  func run<Value: Sendable, Failure: Error>(
    _ body: sending () async throws(Failure) -> Value
  ) async throws(Failure) -> Value {
    if isPreferred { return try await body() }
    return try await withTaskExecutorPreference(self, operation: body)
  }

  private var isPreferred: Bool {
    withUnsafeCurrentTask { $0?.unownedTaskExecutor == asUnownedTaskExecutor() }
  }

  private func start() {
    let thread = Thread { self.work() }
    thread.name = "skill-call"
    thread.start()
  }

  private func work() {
    while let job = next() { job.runSynchronously(on: asUnownedTaskExecutor()) }
  }

  /// Nil when the thread is not needed any more.
  private func next() -> UnownedJob? {
    condition.lock()
    defer { condition.unlock() }
    while jobs.isEmpty {
      idle += 1
      let isWanted = condition.wait(until: Date(timeIntervalSinceNow: Self.patience)) || !jobs.isEmpty
      idle -= 1
      if !isWanted {
        threads -= 1
        return nil
      }
    }
    return jobs.removeFirst()
  }
}

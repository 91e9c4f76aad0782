import Foundation

/// Threads that wait for the database so that nobody else has to, each with a session of its own that never leaves it.
///
/// `@unchecked Sendable`: everything that changes is touched only with `condition` locked, and a session by its own thread alone.
final class PostgresThreads<Session>: @unchecked Sendable {
  private let condition = NSCondition()
  private var work: [@Sendable (Session) -> Void] = []
  private var running: Int
  private var isClosed = false

  /// - Parameter makeSession: called on each thread once.
  init(_ count: Int, named name: String, makeSession: @escaping @Sendable () -> Session) {
    running = count
    for _ in 0..<count {
      // Holds itself until it is closed.
      let thread = Thread { self.work(in: makeSession()) }
      thread.name = name
      thread.start()
    }
  }

  /// Runs `body` on a thread that is free. False when it never will, because the threads were told to end.
  func submit(_ body: @escaping @Sendable (Session) -> Void) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    guard !isClosed else { return false }
    work.append(body)
    condition.signal()
    return true
  }

  /// Lets the threads end when they have done what was submitted.
  func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }

  /// Waits until every thread has ended.
  func join() {
    condition.lock()
    while running > 0 { condition.wait() }
    condition.unlock()
  }

  private func work(in session: Session) {
    while let body = next() { body(session) }
    condition.lock()
    running -= 1
    condition.broadcast()
    condition.unlock()
  }

  private func next() -> (@Sendable (Session) -> Void)? {
    condition.lock()
    defer { condition.unlock() }
    while work.isEmpty {
      if isClosed { return nil }
      condition.wait()
    }
    return work.removeFirst()
  }
}

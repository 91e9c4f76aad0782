import Foundation

/// A thread of its own that does one thing after the other, for work that blocks or must stay on one thread.
///
/// `@unchecked Sendable`: `queue` and `isClosed` are touched only with `condition` locked.
final class SerialThread: @unchecked Sendable {
  private let condition = NSCondition()
  private var queue: [@Sendable () -> Void] = []
  private var isClosed = false

  init(name: String) {
    let thread = Thread { self.work() }
    thread.name = name
    thread.start()
  }

  /// Runs `body` on the thread, after everything handed in before.
  func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      enqueue { continuation.resume(returning: body()) }
    }
  }

  func enqueue(_ body: @escaping @Sendable () -> Void) {
    condition.lock()
    queue.append(body)
    condition.signal()
    condition.unlock()
  }

  /// Ends the thread once everything handed in so far is done. Nothing may be handed in afterwards.
  func close() {
    condition.lock()
    isClosed = true
    condition.signal()
    condition.unlock()
  }

  private func work() {
    while true {
      condition.lock()
      while queue.isEmpty && !isClosed { condition.wait() }
      let batch = queue
      queue.removeAll(keepingCapacity: true)
      condition.unlock()
      if batch.isEmpty { return }
      for body in batch { body() }
    }
  }
}

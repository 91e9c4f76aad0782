import Synchronization

/// Wakes one waiting loop. A signal that comes while nobody waits is kept, once.
package final class Wakeup: Sendable {
  private struct State {
    var isSignalled = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())

  package init() {}

  package func signal() {
    let waiter = state.withLock { state in
      let waiter = state.waiter.take()
      state.isSignalled = waiter == nil
      return waiter
    }
    waiter?.resume()
  }

  /// Returns at the next signal, after `limit`, or when the task is cancelled. One loop waits at a time.
  package func wait(atMost limit: Duration) async {
    await withTaskGroup { group in
      group.addTask { await self.waitForSignal() }
      group.addTask {
        // Cancellation ends the sleep early, which is what a cancelled wait should do.
        try? await Task.sleep(for: limit)
        self.release()
      }
      await group.next()
      group.cancelAll()
    }
  }

  private func waitForSignal() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDue = state.withLock { state in
          if state.isSignalled || Task.isCancelled {
            state.isSignalled = false
            return true
          }
          state.waiter = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      release()
    }
  }

  /// Ends the wait without leaving a signal behind.
  private func release() {
    state.withLock { $0.waiter.take() }?.resume()
  }
}

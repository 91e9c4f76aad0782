import Synchronization

/// Carries events, in order, from a thread to the one task that awaits them.
final class Mailbox<Event: Sendable>: Sendable {
  private enum State {
    case holding([Event])
    case awaited(CheckedContinuation<Event, Never>)
  }

  private let state = Mutex(State.holding([]))

  func send(_ event: Event) {
    let waiter: CheckedContinuation<Event, Never>? = state.withLock { state in
      switch state {
      case .holding(let events):
        state = .holding(events + [event])
        return nil
      case .awaited(let continuation):
        state = .holding([])
        return continuation
      }
    }
    waiter?.resume(returning: event)
  }

  /// The next event if there is one already.
  func take() -> Event? {
    state.withLock { state in
      guard case .holding(var events) = state, !events.isEmpty else { return nil }
      let first = events.removeFirst()
      state = .holding(events)
      return first
    }
  }

  /// The next event. Only one task may wait at a time.
  func next() async -> Event {
    await withCheckedContinuation { continuation in
      let ready: Event? = state.withLock { state in
        guard case .holding(var events) = state, !events.isEmpty else {
          state = .awaited(continuation)
          return nil
        }
        let first = events.removeFirst()
        state = .holding(events)
        return first
      }
      if let ready { continuation.resume(returning: ready) }
    }
  }
}

package import Core
import Synchronization

/// The gateway's door to the store.
package struct Inbox: EventJournal {
  private let store: Store
  /// Pending events at which new ones are refused.
  private let limit: Int
  /// Events of one class that may wait in one conversation.
  private let conversationLimit: Int
  private let classify: @Sendable (ChatEvent) -> EventClass
  /// Told after each commit, so that a worker need not poll.
  private let onAccepted: @Sendable () -> Void

  /// - Parameters:
  ///   - limit: events that may wait; past it new ones are refused.
  ///   - conversationLimit: events of one class that may wait in one conversation.
  ///   - classify: what goes before the rest.
  ///   - onAccepted: told after each commit of an event.
  package init(
    store: Store, limit: Int, conversationLimit: Int = .max,
    classify: @escaping @Sendable (ChatEvent) -> EventClass = { _ in .ordinary },
    onAccepted: @escaping @Sendable () -> Void
  ) {
    self.store = store
    self.limit = limit
    self.conversationLimit = conversationLimit
    self.classify = classify
    self.onAccepted = onAccepted
  }

  package var fill: Double {
    store.backlog.withLock { Double($0) / Double(max(1, limit)) }
  }

  package func accept(_ event: ChatEvent) async throws(JournalError) -> Acceptance {
    let backlog = store.backlog.withLock { $0 }
    guard backlog < limit else {
      throw JournalError(.full, message: "\(limit) events are waiting already; come again later")
    }
    let acceptance: Result<Acceptance, JournalError>
    do {
      let body = try StoredText.encode(event)
      let kind = classify(event)
      // Those of one conversation are counted only when there are so many in all.
      let limit = backlog < conversationLimit ? nil : conversationLimit
      acceptance = try await store.writeWithGroup { try $0.insert(event, body: body, as: kind, limit: limit) }
    } catch {
      throw JournalError(.unavailable, message: "the event could not be written to disk: \(Store.reason(error))")
    }
    if acceptance == .success(.accepted) {
      store.backlog.withLock { $0 += 1 }
      onAccepted()
    }
    return try acceptance.get()
  }
}

extension Store {
  /// Tells the bound of the queue that an event was completed or buried. Call after that commit.
  package func eventFinished() {
    backlog.withLock { $0 -= 1 }
  }

  /// Counts again what waits: other instances accept and complete events too, and `openclaw queue` puts some back.
  func recount() async throws {
    let pending: Int? = try await read {
      try $0.row("SELECT COUNT(*) AS pending FROM event WHERE state = 'pending'", [])?["pending"]
    }
    backlog.withLock { $0 = pending ?? $0 }
  }

  /// Events accepted and not yet done.
  package var pendingEvents: Int { backlog.withLock { max(0, $0) } }
}

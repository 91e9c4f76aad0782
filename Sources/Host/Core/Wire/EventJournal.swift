/// What became of an event that was offered to the journal.
package enum Acceptance: Sendable, Equatable {
  /// Committed to disk.
  case accepted
  /// One of its keys was committed before, under that request id.
  case duplicate(of: RequestID)
}

/// Why the journal took nothing. The platform is told to come again.
package struct JournalError: Error, Sendable, Equatable {
  package enum Code: String, Sendable {
    /// The bounded queue is full.
    case full = "queue_full"
    /// Too much of one conversation waits; there is room for others.
    case conversationFull = "conversation_full"
    /// Disk full, read-only, locked or corrupt.
    case unavailable = "journal_unavailable"
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

/// The durable inbox: the gateway acknowledges only after `accept` returned.
package protocol EventJournal: Sendable {
  /// Commits the event together with its dedupe keys. On return the event is on disk, or was already.
  func accept(_ event: ChatEvent) async throws(JournalError) -> Acceptance
  /// How full the queue behind it is, from 0 to 1. Asked for every event: it must be cheap.
  var fill: Double { get }
}

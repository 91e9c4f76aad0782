package import Core
package import Storage

/// What can happen to a write call.
package enum WriteCallEvent: Sendable, Hashable, CaseIterable {
  /// Enough eligible people approved.
  case approved
  case denied
  /// Its deadline, for the decision or for the start, has passed.
  case expired
  case cancelled
  /// Policy, skill or mode no longer permit it.
  case invalidated
  /// A worker is about to start the tool.
  case claimed
  case succeeded
  case failed
  /// Claimed, and nobody can tell whether it had its effect.
  case lost
  /// An admin who has looked has it run again.
  case retried
  /// The repeat must not run after all: what came of the run before is as open as it was.
  case returned
  /// Consent that was there before its run is not enough any more.
  case reopened
}

extension WriteCall.State {
  /// The state after `event`; nil when that must not happen in this state. Terminal states never change.
  package func next(after event: WriteCallEvent) -> WriteCall.State? {
    switch (self, event) {
    case (.pending, .approved): .approved
    case (.pending, .denied): .denied
    case (.pending, .cancelled): .cancelled
    case (.pending, .expired), (.approved, .expired): .expired
    case (.pending, .invalidated), (.approved, .invalidated): .invalidated
    case (.approved, .claimed): .claimed
    case (.claimed, .succeeded), (.unknown, .succeeded): .succeeded
    case (.claimed, .failed), (.unknown, .failed): .failed
    case (.claimed, .lost), (.approved, .returned): .unknown
    case (.unknown, .retried): .approved
    case (.approved, .reopened): .pending
    default: nil
    }
  }
}

extension WriteCall {
  /// Moves to the state after `event`; false, and unchanged, when that must not happen now.
  package mutating func apply(_ event: WriteCallEvent) -> Bool {
    guard let next = state.next(after: event) else { return false }
    state = next
    return true
  }

  /// Whether it was started before: what comes now is a repeat.
  package var hasRun: Bool { boot != nil }

  /// Whether `now` is past the deadline that counts in this state.
  package func isExpired(at now: Timestamp) -> Bool {
    switch state {
    case .pending: now >= expiresAt
    case .approved: runDeadline.map { now >= $0 } ?? false
    default: false
    }
  }
}

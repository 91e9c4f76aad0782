package import Core
import Synchronization

/// Which parts of the process work. Each part reports for itself; `/readyz` names those that do not.
package final class Health: Sendable {
  /// What a part says about itself.
  package enum Condition: Sendable, Equatable {
    case ok
    /// Works, but not as it should: shown, and no reason to send the load elsewhere.
    case degraded(String)
    /// The reason, for the operator: one line, no secret.
    case failing(String)
  }

  private let parts = Mutex<[String: Condition]>([:])

  /// Parts named here count as failing until they report, so that a part that never comes up is not overlooked.
  package init(awaiting parts: [String] = []) {
    self.parts.withLock { known in
      for part in parts { known[part] = .failing("starting") }
    }
  }

  /// Sets the condition of `part`, which need not have been named before. The latest report counts.
  package func report(_ part: String, _ condition: Condition) {
    parts.withLock { $0[part] = condition }
  }

  /// The failing parts with their reasons, by name; empty when the process is ready.
  package var failures: [(part: String, reason: String)] {
    parts.withLock { $0 }
      .compactMap { part, condition in
        if case .failing(let reason) = condition { (part, reason) } else { nil }
      }
      .sorted { $0.part < $1.part }
  }

  /// `{"store":"ok","server":"draining"}`: the body of `/readyz`.
  package var summary: JSON {
    .object(
      parts.withLock { $0 }.mapValues { condition in
        switch condition {
        case .ok: "ok"
        case .degraded(let reason): .string("degraded: \(reason)")
        case .failing(let reason): .string(reason)
        }
      })
  }
}

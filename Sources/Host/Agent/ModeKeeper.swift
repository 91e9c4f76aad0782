package import Audit
package import Core
package import Logging
package import Policy
import ServiceLifecycle
package import Storage

/// The mode that the rules are asked in: kept in the store, so that it outlives a restart and is the same for every instance.
package struct ModeKeeper: Service {
  /// How soon an instance follows what was set elsewhere, or by the command line.
  private static let look = Duration.milliseconds(500)

  private let store: Store
  private let policy: PolicyEngine
  private let logger: Logger

  package init(store: Store, policy: PolicyEngine, logger: Logger) {
    self.store = store
    self.policy = policy
    self.logger = logger
  }

  /// Sets the mode, with its record in the audit log. It is in force a moment after the commit.
  ///
  /// - Parameter actor: who wants it; nil for the operator at the console.
  package static func set(
    _ mode: Mode, by actor: String?, requestID: RequestID? = nil, in transaction: Transaction, audit: AuditTrail
  ) throws {
    try transaction.set(mode.rawValue, forSetting: setting)
    try audit.append(AuditRecord(.modeChanged, requestID: requestID, actor: actor, outcome: mode.rawValue), in: transaction)
  }

  /// The mode that was set last.
  package static func mode(in transaction: Transaction) throws -> Mode {
    try transaction.setting(setting).flatMap(Mode.init) ?? .normal
  }

  private static let setting = "mode"

  /// Takes up what the store says. Call before anything is decided.
  package func follow() async throws {
    let mode = try await store.read { try Self.mode(in: $0) }
    guard policy.setMode(mode) else { return }
    logger.notice("the mode has changed", metadata: ["mode": "\(mode.rawValue)"])
  }

  /// Follows until graceful shutdown.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        // Cancelled: the loop ends.
        try? await Task.sleep(for: Self.look)
        // What cannot be read now is read the next time; until then nothing changes.
        try? await follow()
      }
    }
  }
}

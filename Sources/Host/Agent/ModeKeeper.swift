package import Audit
package import Core
package import Logging
package import Policy
import ServiceLifecycle
package import Storage

/// The mode that the rules are asked in: kept in the store, so that it outlives a restart and is the same for every instance.
package struct ModeKeeper: Service {
  private let store: Store
  private let policy: PolicyEngine
  private let onCommit: @Sendable () -> Void
  private let logger: Logger

  /// - Parameter onCommit: told after each commit that put a message into the outbox.
  package init(store: Store, policy: PolicyEngine, onCommit: @escaping @Sendable () -> Void = {}, logger: Logger) {
    self.store = store
    self.policy = policy
    self.onCommit = onCommit
    self.logger = logger
  }

  /// Sets the mode, with its record in the audit log. It is in force, and admins are told of it, a moment after the commit.
  ///
  /// - Parameters:
  ///   - actor: who wants it; nil for the operator at the console, or the service itself.
  ///   - reason: why the service itself wants it, for people.
  package static func set(
    _ mode: Mode, by actor: String?, because reason: String? = nil, requestID: RequestID? = nil, in transaction: Transaction,
    audit: AuditTrail
  ) throws {
    if try transaction.change(setting, to: mode.rawValue) {
      try transaction.set(ModeChange(mode, by: actor, because: reason, at: transaction.now).text, forSetting: ModeChange.setting)
    }
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

  /// Tells every admin that can be reached of a change that none of them was told of yet. Of several instances one does.
  package func announce() async throws {
    // Without rules nobody is known to be an admin.
    guard policy.snapshot != nil else { return }
    let isNew = try await store.read { try $0.setting(ModeChange.setting) != $0.setting(ModeChange.announced) }
    guard isNew else { return }
    let policy = policy
    let said = try await store.write { transaction in
      guard let text = try transaction.setting(ModeChange.setting), let change = ModeChange(text),
        try transaction.change(ModeChange.announced, to: text)
      else { return false }
      try transaction.tellAdmins(MessageContent(text: change.announcement), about: RequestID()) { admin in
        // Whoever set it in chat was answered there.
        admin != change.actor && policy.subject(admin).isAdmin
      }
      return true
    }
    if said { onCommit() }
  }

  /// Follows until graceful shutdown.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await StoreFollowing.run {
        // What cannot be read now is read the next time; until then nothing changes.
        try? await follow()
        try? await announce()
      }
    }
  }
}

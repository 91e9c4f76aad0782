import Core
package import Logging
import ServiceLifecycle

/// Forgets what is old, in small steps, and looks after what nobody else would notice about the database.
package struct Housekeeper: Service {
  /// Between two looks when nothing is left to do.
  private static let rest = Duration.seconds(60)
  /// Between two steps: other writers have the database most of the time.
  private static let pause = Duration.milliseconds(50)

  private let store: Store
  private let retention: Retention
  private let onDamage: @Sendable (String) -> Void
  private let logger: Logger

  /// - Parameter onDamage: told, once, what is wrong with a database that was too large to be checked before the start.
  package init(store: Store, retention: Retention, onDamage: @escaping @Sendable (String) -> Void, logger: Logger) {
    self.store = store
    self.retention = retention
    self.onDamage = onDamage
    self.logger = logger
  }

  /// Works until graceful shutdown.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      if let damage = try? await store.engine.damage() { onDamage(damage) }
      while !Task.isCancelled {
        do {
          try await store.recount()
          try await forget()
        } catch {
          logger.warning("old entries could not be forgotten", metadata: ["error": "\(error)"])
        }
        // Cancelled: the loop ends.
        try? await Task.sleep(for: Self.rest)
      }
    }
  }

  private func forget() async throws {
    let retention = retention
    while !Task.isCancelled, try await store.write({ try $0.forget(by: retention) }) {
      try? await Task.sleep(for: Self.pause)
    }
  }
}

import Core
package import Logging
import ServiceLifecycle

/// Keeps this run among the living, and takes over from those that died.
///
/// A store that is not shared has one member, which is enrolled when the service starts and buries all others at once.
package struct Membership: Service {
  /// A run that did not renew its lease for so long is dead: what it held is free.
  package static let lease = Duration.seconds(10)
  private static let renewal = Duration.seconds(3)
  private static let watch = Duration.milliseconds(500)

  private let store: Store
  private let lease: Duration
  private let onDeath: @Sendable () async -> Void
  private let logger: Logger

  /// - Parameter onDeath: told after others were found dead, or this run was given up itself: what the dead held is free now.
  package init(
    store: Store, lease: Duration = Self.lease, onDeath: @escaping @Sendable () async -> Void, logger: Logger
  ) {
    self.store = store
    self.lease = lease
    self.onDeath = onDeath
    self.logger = logger
  }

  /// Enrols this run. Call before anything is claimed.
  package func enrol() async throws {
    let lease = lease
    let isShared = store.isShared
    try await store.write { transaction in
      _ = try transaction.renewLease(for: isShared ? lease : .seconds(1_000_000_000))
      _ = try transaction.buryInstances(all: !isShared)
    }
  }

  /// Renews and watches until graceful shutdown, and then resigns. Shut it down after everything that holds claims.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      guard store.isShared else {
        try? await gracefulShutdown()
        return
      }
      var renewed = ContinuousClock.now
      while !Task.isCancelled {
        // Cancelled: the loop ends.
        try? await Task.sleep(for: Self.watch)
        do {
          if ContinuousClock.now - renewed >= min(Self.renewal, lease / 3) {
            try await renew()
            renewed = .now
          }
          try await watch()
        } catch {
          logger.warning("the lease could not be renewed", metadata: ["error": "\(error)"])
        }
      }
    }
    try? await store.write { try $0.resign() }
  }

  private func renew() async throws {
    let lease = lease
    guard try await store.write({ try $0.renewLease(for: lease) }) == false else { return }
    logger.error("this instance was silent for too long; others have taken over what it held")
    await onDeath()
  }

  private func watch() async throws {
    // A look costs the writer nothing.
    guard try await store.read({ try $0.hasDeadInstances() }) else { return }
    let dead = try await store.write { try $0.buryInstances() }
    guard dead > 0 else { return }
    logger.warning("other instances are gone; their work is taken over", metadata: ["count": "\(dead)"])
    await onDeath()
  }
}

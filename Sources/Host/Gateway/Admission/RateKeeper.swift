package import Core
package import Logging
import ServiceLifecycle

/// Takes the token buckets over a restart, and shares them with other instances of the service: what has changed is written every
/// few seconds and at the end, and what others wrote is added.
///
/// A crash forgets the last seconds, and another instance learns of them so much later; neither is a way around a limit.
package struct RateKeeper: Service {
  static let interval = Duration.seconds(3)
  /// Cells in one transaction: every other writer waits for it.
  static let batch = 1000

  private let admission: Admission
  private let store: any RateCellStore
  private let logger: Logger

  package init(admission: Admission, store: any RateCellStore, logger: Logger) {
    self.admission = admission
    self.store = store
    self.logger = logger
  }

  /// Takes up what an earlier run left. Call before the first event is admitted.
  package func restore() async {
    do {
      admission.restoreRates(try await store.cells())
    } catch {
      logger.error("rates of the last run are lost", metadata: ["error": "\(error)"])
    }
  }

  /// Writes until shutdown, and once more then: stop it after everything that admits.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        // Cancelled: the loop ends.
        try? await Task.sleep(for: Self.interval)
        await save()
      }
    }
    await save()
  }

  /// Writes what has changed. A batch that cannot be written is lost until its cells change again.
  func save() async {
    while true {
      let cells = admission.takeRateChanges(atMost: Self.batch)
      guard !cells.isEmpty else { return }
      do {
        admission.adoptRates(try await store.keep(cells, now: admission.clock.now()), insteadOf: cells)
      } catch {
        return logger.warning("rates could not be written", metadata: ["error": "\(error)"])
      }
    }
  }
}

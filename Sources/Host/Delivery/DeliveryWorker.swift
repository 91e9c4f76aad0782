package import Core
package import Logging
package import Operations
import ServiceLifecycle
package import Storage
import Synchronization

/// Sends what the outbox holds: in order within a conversation, side by side across conversations.
package final class DeliveryWorker: Service {
  /// Sends on their way at once.
  package static let concurrency = 32
  package static let deliveries = MetricFamily(
    "openclaw_deliveries_total", help: "Attempts to send a message, by outcome.", labels: ["channel", "outcome"])
  private static let attemptLimit = 12
  private static let backoff = Backoff(base: .seconds(1), longest: .seconds(300))

  private let store: Store
  private let deliverers: [String: any Deliverer]
  private let wakeup: Wakeup
  private let onRecorded: @Sendable () -> Void
  private let counters: Counters
  private let logger: Logger
  private let inFlight = Mutex(0)

  /// - Parameters:
  ///   - deliverers: the way out of each channel, by configured name.
  ///   - wakeup: signalled after each commit that put something into the outbox.
  ///   - onRecorded: told after each attempt whose outcome is on disk.
  package init(
    store: Store, deliverers: [String: any Deliverer], wakeup: Wakeup, onRecorded: @escaping @Sendable () -> Void = {},
    counters: Counters, logger: Logger
  ) {
    self.store = store
    self.deliverers = deliverers
    self.wakeup = wakeup
    self.onRecorded = onRecorded
    self.counters = counters
    self.logger = logger
  }

  /// Runs until graceful shutdown, and then until nothing that is due is left.
  package func run() async throws {
    try await settleDoubts()
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        while !Task.isCancelled {
          let due = await claim()
          inFlight.withLock { $0 += due.count }
          for (message, attempt) in due {
            group.addTask { await self.send(message, attempt: attempt) }
          }
          guard due.isEmpty else { continue }
          if Task.isShuttingDownGracefully && inFlight.withLock({ $0 == 0 }) { return }
          await wakeup.wait(atMost: await idleTime())
        }
      }
    } onGracefulShutdown: {
      self.wakeup.signal()
    }
  }

  /// A message that was being sent when the process died may have arrived: it is repeated only where the platform recognises repeats.
  private func settleDoubts() async throws {
    let deliverers = deliverers
    let unknown = try await store.write { transaction in
      var unknown = 0
      try transaction.hurryMessages()
      for message in try transaction.messagesInDoubt() {
        if deliverers[message.conversation.channel]?.recognisesRepeats ?? false {
          try transaction.postpone(message, until: transaction.now, error: "interrupted", inDoubt: true)
        } else {
          try transaction.markUnknown(message, error: "interrupted while sending; not repeated")
          unknown += 1
        }
      }
      return unknown
    }
    if unknown > 0 {
      logger.warning("messages in doubt after a crash were not repeated", metadata: ["count": "\(unknown)"])
    }
  }

  private func claim() async -> [(message: OutboundMessage, attempt: Int)] {
    let free = Self.concurrency - inFlight.withLock { $0 }
    guard free > 0 else { return [] }
    do {
      return try await store.write { try $0.claimMessages(limit: free) }
    } catch {
      logger.error("the outbox could not be read", metadata: ["error": "\(error)"])
      await store.pauseAfterFailure()
      return []
    }
  }

  private func idleTime() async -> Duration {
    // While every slot is taken a due message is no reason to hurry: the next finished send wakes us.
    if inFlight.withLock({ $0 >= Self.concurrency }) { return .seconds(5) }
    return await store.idleTime(atMost: .seconds(5)) { try $0.nextMessageDue() }
  }

  private func send(_ message: OutboundMessage, attempt: Int) async {
    let channel = message.conversation.channel
    var metadata: Logger.Metadata = ["request_id": "\(message.requestID)", "channel": "\(channel)", "attempt": "\(attempt)"]
    let result: Result<DeliveryReceipt, DeliveryError>
    do throws(DeliveryError) {
      guard let deliverer = deliverers[channel] else {
        throw DeliveryError(.giveUp, code: "no_channel", message: "the channel is not configured any more")
      }
      result = .success(try await deliverer.deliver(message))
    } catch {
      result = .failure(error)
    }
    let step = DeliveryStep(
      after: result, attempt: attempt, limit: Self.attemptLimit,
      recognisesRepeats: deliverers[channel]?.recognisesRepeats ?? false, delay: Self.backoff.delay(after: attempt))
    counters.add(to: Self.deliveries, channel, step.label)
    do {
      try await store.writeWhenPossible { try step.record(message, in: $0) }
    } catch {
      // Only at the end of the process. The row stays `sending`; the next start settles it like any other doubt.
      logger.error("the outcome of a send could not be recorded", metadata: metadata)
    }
    if case .failure(let error) = result {
      metadata["code"] = "\(error.code)"
      metadata["error"] = "\(error.message)"
      metadata["outcome"] = "\(step.label)"
      logger.warning("a message was not delivered", metadata: metadata)
    }
    inFlight.withLock { $0 -= 1 }
    wakeup.signal()
    onRecorded()
  }
}

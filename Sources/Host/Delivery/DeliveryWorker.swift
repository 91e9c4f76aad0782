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
  package static let drops = MetricFamily(
    "openclaw_messages_dropped_total", help: "Held messages given up: too many for one chat, or too old.")
  package static let held = MetricFamily(
    "openclaw_messages_held", help: "Messages that wait for something to come in from their chat.")
  /// What nobody came back for in this time is given up.
  private static let heldFor = Duration.seconds(7 * 86_400)
  private static let attemptLimit = 12
  private static let backoff = Backoff(base: .seconds(1), longest: .seconds(300))

  private let store: Store
  private let deliverers: [String: any Deliverer]
  private let isAdmin: @Sendable (String) -> Bool
  private let wakeup: Wakeup
  private let onRecorded: @Sendable () -> Void
  private let counters: Counters
  private let logger: Logger
  private let inFlight = Mutex(0)
  private let house = Mutex(House())

  /// What the worker remembers between messages.
  private struct House {
    var tidying = Recurrence(every: .seconds(30))
    var held: Int64 = 0
    var alerts = AlertLimiter()
  }

  /// - Parameters:
  ///   - deliverers: the way out of each channel, by configured name.
  ///   - isAdmin: whether this sender is told what only an operator can mend.
  ///   - wakeup: signalled after each commit that put something into the outbox.
  ///   - onRecorded: told after each attempt whose outcome is on disk.
  package init(
    store: Store, deliverers: [String: any Deliverer], isAdmin: @escaping @Sendable (String) -> Bool = { _ in false },
    wakeup: Wakeup, onRecorded: @escaping @Sendable () -> Void = {}, counters: Counters, logger: Logger
  ) {
    self.store = store
    self.deliverers = deliverers
    self.isAdmin = isAdmin
    self.wakeup = wakeup
    self.onRecorded = onRecorded
    self.counters = counters
    self.logger = logger
  }

  /// Runs until graceful shutdown, and then until nothing that is due is left.
  package func run() async throws {
    counters.gauge(Self.held) { [weak self] in self?.house.withLock(\.held) ?? 0 }
    try await store.write { if try $0.isAlone() { try $0.hurryMessages() } }
    try await takeOver()
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        while !Task.isCancelled {
          await tidy()
          // Looked at before the claim: what ends in between may have made the next message of its chat due.
          let wasIdle = inFlight.withLock { $0 == 0 }
          let due = await claim()
          inFlight.withLock { $0 += due.count }
          for (message, attempt) in due {
            group.addTask { await self.send(message, attempt: attempt) }
          }
          guard due.isEmpty else { continue }
          if Task.isShuttingDownGracefully && wasIdle { return }
          await wakeup.wait(atMost: await idleTime())
        }
      }
    } onGracefulShutdown: {
      self.wakeup.signal()
    }
  }

  /// A message that was being sent when a run of the service died may have arrived: it is repeated only where the platform
  /// recognises repeats.
  package func takeOver() async throws {
    let deliverers = deliverers
    let unknown = try await store.write { transaction in
      var unknown = 0
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
    wakeup.signal()
  }

  /// Once in half a minute, and once a second while there is more to do.
  private func tidy() async {
    let now = store.clock.now()
    guard house.withLock({ $0.tidying.isDue(at: now) }),
      let found = try? await store.write({ try $0.tidyOutbox(heldFor: Self.heldFor) })
    else { return }
    house.withLock { house in
      house.held = Int64(found.held)
      if found.isUnfinished { house.tidying.bringForward(to: now.advanced(by: .seconds(1))) }
    }
    guard found.dropped > 0 else { return }
    counters.add(UInt64(found.dropped), to: Self.drops)
    logger.warning("held messages were given up", metadata: ["count": "\(found.dropped)"])
  }

  private func claim() async -> [(message: OutboundMessage, attempt: Int)] {
    let free = Self.concurrency - inFlight.withLock { $0 }
    guard free > 0 else { return [] }
    let reachable = await reachableChannels()
    do {
      return try await store.write { try $0.claimMessages(limit: free, reachable: reachable) }
    } catch {
      logger.error("the outbox could not be read", metadata: ["error": "\(error)"])
      await store.pauseAfterFailure()
      return []
    }
  }

  private func idleTime() async -> Duration {
    // While every slot is taken a due message is no reason to hurry: the next finished send wakes us.
    if inFlight.withLock({ $0 >= Self.concurrency }) { return .seconds(5) }
    let reachable = await reachableChannels()
    return await store.idleTime(atMost: .seconds(5)) { try $0.nextMessageDue(reachable: reachable) }
  }

  /// The channels that this instance can send through; nil for all, when it is the only one.
  private func reachableChannels() async -> Set<String>? {
    guard store.isShared else { return nil }
    var reachable: Set<String> = []
    for (name, deliverer) in deliverers where await deliverer.isReachable() { reachable.insert(name) }
    return reachable
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
      let failure: DeliveryError? = if case .failure(let error) = result { error } else { nil }
      try await store.writeWhenPossible { transaction in
        guard try transaction.isSending(message, attempt: attempt) else { return }
        try step.record(message, after: failure, in: transaction)
      }
    } catch {
      // Only at the end of the process. The row stays `sending`; the next start settles it like any other doubt.
      logger.error("the outcome of a send could not be recorded", metadata: metadata)
    }
    if case .failure(let error) = result {
      metadata["code"] = "\(error.code)"
      metadata["error"] = "\(error.message)"
      metadata["outcome"] = "\(step.label)"
      if error.concernsAdmins {
        logger.error("a message was not delivered; an operator must look", metadata: metadata)
        await tellAdmins(error, about: message)
      } else {
        logger.warning("a message was not delivered", metadata: metadata)
      }
    }
    inFlight.withLock { $0 -= 1 }
    wakeup.signal()
    onRecorded()
  }

  /// Once an hour for each kind of trouble, wherever an admin last wrote to the robot alone.
  private func tellAdmins(_ error: DeliveryError, about message: OutboundMessage) async {
    let kind = "\(message.conversation.channel) \(error.code)"
    let now = store.clock.now()
    guard house.withLock({ $0.alerts.admit(kind, at: now) }) else { return }
    let text =
      "Channel \(message.conversation.channel) cannot send: \(error.message) (\(error.code)). Request \(message.requestID)"
    let isAdmin = isAdmin
    do {
      try await store.write { transaction in
        try transaction.tellAdmins(MessageContent(text: text), about: message.requestID, isAdmin: isAdmin)
      }
    } catch {
      logger.error("admins could not be told", metadata: ["error": "\(error)"])
    }
  }
}

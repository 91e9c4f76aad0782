package import Core
package import Logging
import ServiceLifecycle
package import Storage
import Synchronization

/// Takes events out of the journal: one at a time within a conversation, several conversations side by side.
package final class EventWorker: Service {
  private static let attemptLimit = 5
  private static let backoff = Backoff(base: .milliseconds(200), longest: .seconds(60))

  private let store: Store
  private let agent: CommandAgent
  private let concurrency: Int
  private let wakeup: Wakeup
  private let onCommit: @Sendable () -> Void
  private let logger: Logger
  private let executor: (any TaskExecutor)?
  private let inFlight = Mutex(0)

  /// - Parameters:
  ///   - concurrency: events worked on at once.
  ///   - wakeup: signalled after each event that the journal accepted.
  ///   - onCommit: told after each commit that may have put a message into the outbox or approved a write call.
  ///   - executor: where the work is done; one whose threads calls of tools may block saves them the way there.
  package init(
    store: Store, agent: CommandAgent, concurrency: Int, wakeup: Wakeup, onCommit: @escaping @Sendable () -> Void,
    logger: Logger, executor: (any TaskExecutor)? = nil
  ) {
    self.store = store
    self.agent = agent
    self.concurrency = concurrency
    self.wakeup = wakeup
    self.onCommit = onCommit
    self.logger = logger
    self.executor = executor
  }

  /// Runs until graceful shutdown; events in flight are finished, the others wait in the journal for the next start.
  package func run() async throws {
    try await store.write { try $0.releaseLanesOfEarlierBoots() }
    await withGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        while !Task.isCancelled && !Task.isShuttingDownGracefully {
          let claimed = await claim()
          inFlight.withLock { $0 += claimed.count }
          for event in claimed {
            group.addTask(executorPreference: executor) {
              await self.work(on: event)
              self.inFlight.withLock { $0 -= 1 }
              self.wakeup.signal()
            }
          }
          if claimed.isEmpty { await wakeup.wait(atMost: await idleTime()) }
        }
      }
    } onGracefulShutdown: {
      self.wakeup.signal()
    }
  }

  private func claim() async -> [ClaimedEvent] {
    let free = concurrency - inFlight.withLock { $0 }
    guard free > 0 else { return [] }
    do {
      return try await store.write { transaction in
        var claimed: [ClaimedEvent] = []
        while claimed.count < free, let event = try transaction.claimEvent() { claimed.append(event) }
        return claimed
      }
    } catch {
      logger.error("the journal could not be read", metadata: ["error": "\(error)"])
      await store.pauseAfterFailure()
      return []
    }
  }

  private func idleTime() async -> Duration {
    // While every slot is taken a due lane is no reason to hurry: the next finished event wakes us.
    if inFlight.withLock({ $0 >= concurrency }) { return .seconds(5) }
    return await store.idleTime(atMost: .seconds(5)) { try $0.nextLaneDue() }
  }

  private func work(on claimed: ClaimedEvent) async {
    let event = claimed.event
    let conclusion = await agent.conclude(event)
    do {
      try await store.write { transaction in
        if let reply = try conclusion(transaction) { try transaction.enqueue(reply, to: event.replyAddress) }
        try transaction.complete(claimed)
      }
      store.eventFinished()
      onCommit()
    } catch {
      await giveBack(claimed, because: error)
    }
  }

  private func giveBack(_ claimed: ClaimedEvent, because error: any Error) async {
    let event = claimed.event
    let isLast = claimed.attempt >= Self.attemptLimit
    logger.error(
      isLast ? "an event failed too often and was put aside" : "an event failed and will be tried again",
      metadata: ["request_id": "\(event.requestID)", "attempt": "\(claimed.attempt)", "error": "\(error)"])
    do {
      try await store.writeWhenPossible { transaction in
        if isLast {
          try transaction.bury(claimed, error: "\(error)")
          try transaction.enqueue("Something went wrong here. Request \(event.requestID)", to: event.replyAddress)
        } else {
          let time = transaction.now.advanced(by: Self.backoff.delay(after: claimed.attempt))
          try transaction.retry(claimed, at: time, error: "\(error)")
        }
      }
      if isLast { store.eventFinished() }
      onCommit()
    } catch {
      // Only at the end of the process: the next start frees the lane; the event is not lost.
      logger.error("an event could not be given back", metadata: ["request_id": "\(event.requestID)", "error": "\(error)"])
    }
  }
}

package import Core
package import Logging
import Policy
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
  private let presences: [String: any Presence]
  private let loops: Mutex<LoopGuard>

  /// - Parameters:
  ///   - concurrency: events worked on at once.
  ///   - wakeup: signalled after each event that the journal accepted.
  ///   - onCommit: told after each commit that may have put a message into the outbox or approved a write call.
  ///   - presences: by configured channel, those that can show that the robot is at work.
  ///   - duplicateWindow: within this time of an answer the same text of the same sender is not worked on again; 0 = always is.
  ///   - executor: where the work is done; one whose threads calls of tools may block saves them the way there.
  package init(
    store: Store, agent: CommandAgent, concurrency: Int, presences: [String: any Presence] = [:],
    duplicateWindow: Duration = .zero, wakeup: Wakeup, onCommit: @escaping @Sendable () -> Void, logger: Logger,
    executor: (any TaskExecutor)? = nil
  ) {
    self.store = store
    self.agent = agent
    self.concurrency = concurrency
    self.presences = presences
    loops = Mutex(LoopGuard(duplicateWindow: duplicateWindow))
    self.wakeup = wakeup
    self.onCommit = onCommit
    self.logger = logger
    self.executor = executor
  }

  /// Runs until graceful shutdown; events in flight are finished, the others wait in the journal for the next start.
  package func run() async throws {
    try await store.write { transaction in
      try transaction.freeLanesOfTheDead()
      if try transaction.isAlone() { try transaction.hurryLanes() }
    }
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

  /// Frees what dead runs of the service had claimed.
  package func takeOver() async throws {
    try await store.write { try $0.freeLanesOfTheDead() }
    wakeup.signal()
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
    let message = agent.concern(event).map { LoopGuard.Message(event, isRead: $0 == .read) }
    let conclusion = await conclude(claimed, as: message)
    do {
      try await store.write { transaction in
        let reply = try conclusion(transaction)
        if let reply, self.maySay(reply, to: message, at: transaction.now) {
          try transaction.enqueue(reply.content, to: event.replyAddress, as: reply.purpose)
        }
        try self.noteAdmin(event, in: transaction)
        try transaction.complete(claimed)
      }
      store.eventFinished()
      onCommit()
      await acknowledge(event)
    } catch {
      await giveBack(claimed, because: error)
    }
  }

  private func conclude(_ claimed: ClaimedEvent, as message: LoopGuard.Message?) async -> CommandAgent.Conclusion {
    // What is tried again was let through before.
    let admission = claimed.attempt == 1 ? message.map { message in loops.withLock { $0.admit(message) } } ?? .answer : .answer
    switch admission {
    case .answer: return await concludeShowingWork(claimed.event)
    case .refuse: return { _ in "That is the same again, and it was answered just now." }
    case .ignore: return { _ in nil }
    }
  }

  private func maySay(_ reply: AgentReply, to message: LoopGuard.Message?, at now: Timestamp) -> Bool {
    guard let message else { return true }
    return loops.withLock { $0.mayAnswer(message, with: reply.isHint ? reply.content.text : nil, at: now) }
  }

  /// Where an admin can be told what only an operator can mend.
  private func noteAdmin(_ event: ChatEvent, in transaction: Transaction) throws {
    guard event.kind == .message, event.conversation.scene.kind == .private, agent.policy.subject(event.sender.id).isAdmin
    else { return }
    try transaction.noteAdminChat(of: event.sender.id, in: event.conversation)
  }

  // MARK: Signs

  /// How long people wait before they are shown that the robot is at work.
  private static let patience = Duration.seconds(1)

  private func concludeShowingWork(_ event: ChatEvent) async -> CommandAgent.Conclusion {
    guard let presence = presences[event.conversation.channel], presence.showsTyping(in: event.conversation.scene.kind) else {
      return await agent.conclude(event)
    }
    return await withTaskGroup(of: CommandAgent.Conclusion?.self) { group in
      group.addTask(executorPreference: executor) { await self.agent.conclude(event) }
      group.addTask {
        await self.showTyping(to: event, by: presence)
        return nil
      }
      for await case let conclusion? in group {
        group.cancelAll()
        return conclusion
      }
      return { _ in nil }
    }
  }

  private func showTyping(to event: ChatEvent, by presence: any Presence) async {
    let address = event.replyAddress
    guard (try? await Task.sleep(for: Self.patience)) != nil, event.kind == .message,
      let sequence = try? await store.write({ try $0.reserveTyping(for: address) })
    else { return }
    await presence.showTyping(in: event.conversation, answering: event.reference, sequence: sequence)
  }

  /// A button's client waits, with a spinner, until the press was taken.
  private func acknowledge(_ event: ChatEvent) async {
    guard case .button(let press) = event.kind, press.mustBeAcknowledged else { return }
    await presences[event.conversation.channel]?.acknowledge(press, in: event.conversation)
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

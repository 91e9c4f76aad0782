package import Core
package import Logging
import Policy
import ServiceLifecycle
package import Storage
import Synchronization

/// Takes events out of the journal: one at a time within a conversation, several conversations side by side, what is urgent first.
package final class EventWorker: Service {
  private static let attemptLimit = 5
  private static let backoff = Backoff(base: .milliseconds(200), longest: .seconds(60))

  let store: Store
  let agent: CommandAgent
  let wakeup: Wakeup
  let onCommit: @Sendable () -> Void
  let logger: Logger
  let executor: (any TaskExecutor)?
  let presences: [String: any Presence]
  let loops: LoopGuard
  let onWithheld: @Sendable (WithheldAnswer) -> Void
  let desk: Mutex<Desk>
  let pause: @Sendable (Duration) async throws -> Void

  /// What the worker has before it.
  struct Desk {
    var slots: WorkSlots
    /// Claimed, and waiting until fewer are with their tool; the oldest first.
    var parked: [Work] = []
    var deadLetters: Int64 = 0
    var counting = Recurrence(every: .seconds(30))
  }

  /// One event to work on.
  struct Work: Sendable {
    let claimed: ClaimedEvent
    /// Nil for what is no message to the robot.
    let message: LoopGuard.Message?
    /// The tool that it calls while it is worked on.
    let tool: String?
  }

  /// - Parameters:
  ///   - concurrency: events worked on at once.
  ///   - toolLimit: events that are with one tool at once.
  ///   - wakeup: signalled after each event that the journal accepted.
  ///   - onCommit: told after each commit that may have put a message into the outbox or approved a write call.
  ///   - presences: by configured channel, those that can show that the robot is at work.
  ///   - duplicateWindow: within this time of an answer the same text of the same sender is not worked on again; 0 = always is.
  ///   - onWithheld: told of each answer that is not given, because it would be talk without end.
  ///   - executor: where the work is done; one whose threads calls of tools may block saves them the way there.
  ///   - pause: how to wait before people are shown that the robot is at work.
  package init(
    store: Store, agent: CommandAgent, concurrency: Int, toolLimit: Int = .max, presences: [String: any Presence] = [:],
    duplicateWindow: Duration = .zero, wakeup: Wakeup, onCommit: @escaping @Sendable () -> Void,
    onWithheld: @escaping @Sendable (WithheldAnswer) -> Void = { _ in }, logger: Logger, executor: (any TaskExecutor)? = nil,
    pause: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) {
    self.store = store
    self.agent = agent
    desk = Mutex(Desk(slots: WorkSlots(limit: concurrency, toolLimit: toolLimit)))
    self.presences = presences
    loops = LoopGuard(duplicateWindow: duplicateWindow)
    self.wakeup = wakeup
    self.onCommit = onCommit
    self.onWithheld = onWithheld
    self.pause = pause
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
          await countDeadLetters()
          guard let work = await takeWork() else {
            await wakeup.wait(atMost: await idleTime())
            continue
          }
          for item in work {
            group.addTask(executorPreference: executor) {
              await self.work(on: item)
              self.desk.withLock { $0.slots.end(item.claimed.kind, tool: item.tool) }
              self.wakeup.signal()
            }
          }
        }
        await releaseParked()
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

  private func work(on work: Work) async {
    let event = work.claimed.event
    let conclusion = await concludeShowingWork(event)
    do {
      let (isWithheld, press) = try await store.write { [loops] transaction in
        let reply = try conclusion(transaction)
        let maySay = try work.message.map { try loops.mayAnswer($0, of: event, with: reply, in: transaction) } ?? true
        if let reply, maySay { try transaction.enqueue(reply.content, to: event.replyAddress, as: reply.purpose) }
        try self.noteAdmin(event, in: transaction)
        try self.complete(work.claimed, in: transaction)
        return (!maySay, reply?.press ?? .taken)
      }
      if isWithheld { withhold(.hint, from: event.requestID) }
      store.eventFinished()
      onCommit()
      await acknowledge(event, as: press)
    } catch {
      await giveBack(work.claimed, because: error)
    }
  }

  func complete(_ claimed: ClaimedEvent, in transaction: Transaction) throws {
    try transaction.complete(claimed)
    if agent.isConfidential(claimed.event) { try transaction.forgetText(of: claimed) }
  }

  func withhold(_ reason: WithheldAnswer, from requestID: RequestID) {
    onWithheld(reason)
    logger.info("an answer was withheld", metadata: ["request_id": "\(requestID)", "reason": "\(reason.rawValue)"])
  }

  /// Where an admin can be told what only an operator can mend, and where an approver is sent cards.
  func noteAdmin(_ event: ChatEvent, in transaction: Transaction) throws {
    guard event.kind == .message, event.conversation.scene.kind == .private,
      agent.policy.subject(event.sender.id).isAdmin || agent.policy.isApprover(event.sender.id)
    else { return }
    try transaction.noteAdminChat(of: event.sender.id, in: event.conversation)
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
          try self.tellAdmins(ofBuried: claimed.sequence, requestID: event.requestID, in: transaction)
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

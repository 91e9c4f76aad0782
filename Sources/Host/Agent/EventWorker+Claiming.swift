import Core
import Logging
import Storage
import Synchronization

/// How the worker gets at its work.
extension EventWorker {
  /// Events claimed in one transaction at most: every other writer waits for it.
  private static let largestClaim = 64
  /// Events that wait aside for their tools at most; past it only urgent ones are claimed.
  private static let parkLimit = 256

  /// What one transaction claimed, in its order.
  private struct Claims {
    var kinds: [EventClass] = []
    var begun: [Work] = []
    var parked: [Work] = []
    var withheld: [(requestID: RequestID, reason: WithheldAnswer)] = []
    var unreadable: [Int64] = []

    var isEmpty: Bool { kinds.isEmpty && unreadable.isEmpty }
  }

  /// What to begin now; nil when there was nothing to claim either.
  func takeWork() async -> [Work]? {
    let unparked = unpark()
    let claims = await claim()
    for sequence in claims.unreadable {
      logger.error("an event cannot be read and was put aside", metadata: ["seq": "\(sequence)"])
      store.eventFinished()
    }
    for (requestID, reason) in claims.withheld {
      withhold(reason, from: requestID)
      store.eventFinished()
    }
    if !claims.withheld.isEmpty || !claims.unreadable.isEmpty { onCommit() }
    desk.withLock { desk in
      for kind in claims.kinds { desk.slots.claimed(kind) }
      for work in claims.begun { desk.slots.begin(work.claimed.kind, tool: work.tool) }
      desk.parked += claims.parked
    }
    return unparked.isEmpty && claims.isEmpty ? nil : unparked + claims.begun
  }

  private func claim() async -> Claims {
    let (free, parked) = desk.withLock { ($0.slots, $0.parked.count) }
    guard !free.classes.isEmpty else { return Claims() }
    do {
      return try await store.write { transaction in
        var (slots, claims) = (free, Claims())
        while claims.kinds.count < Self.largestClaim {
          let classes = Self.claimable(slots, parked: parked + claims.parked.count)
          let next = try transaction.claimEvent(among: classes) { sequence in
            claims.unreadable.append(sequence)
            try self.tellAdmins(ofUnreadable: sequence, in: transaction)
          }
          guard let next else { break }
          slots.claimed(next.kind)
          claims.kinds.append(next.kind)
          try self.place(next, &slots, &claims, in: transaction)
        }
        return claims
      }
    } catch {
      logger.error("the journal could not be read", metadata: ["error": "\(error)"])
      await store.pauseAfterFailure()
      return Claims()
    }
  }

  /// Begins a claimed event, sets it aside, or ends it because its answer is withheld.
  private func place(
    _ claimed: ClaimedEvent, _ slots: inout WorkSlots, _ claims: inout Claims, in transaction: Transaction
  ) throws {
    let event = claimed.event
    let concern = agent.concern(event)
    let message = event.kind == .message ? concern.map { LoopGuard.Message(event, isRead: $0.effect == .read) } : nil
    // What is tried again was let through before.
    if claimed.attempt == 1, let message {
      let admission = try loops.admit(message, of: event, in: transaction)
      if let reason = admission.withheld {
        if admission == .refuse {
          try transaction.enqueue("That is the same again, and it was answered just now.", to: event.replyAddress)
        }
        try noteAdmin(event, in: transaction)
        try complete(claimed, in: transaction)
        return claims.withheld.append((event.requestID, reason))
      }
    }
    let work = Work(claimed: claimed, message: message, tool: concern?.tool)
    guard slots.hasRoom(for: work.tool) else { return claims.parked.append(work) }
    slots.begin(claimed.kind, tool: work.tool)
    claims.begun.append(work)
  }

  private static func claimable(_ slots: WorkSlots, parked: Int) -> [EventClass] {
    parked < parkLimit ? slots.classes : slots.classes.filter { $0 == .urgent }
  }

  /// Those that waited aside and can begin now.
  private func unpark() -> [Work] {
    desk.withLock { desk in
      var (begun, left): ([Work], [Work]) = ([], [])
      for work in desk.parked {
        guard desk.slots.classes.contains(work.claimed.kind), desk.slots.hasRoom(for: work.tool) else {
          left.append(work)
          continue
        }
        desk.slots.begin(work.claimed.kind, tool: work.tool)
        begun.append(work)
      }
      desk.parked = left
      return begun
    }
  }

  func idleTime() async -> Duration {
    // While there is no room a due lane is no reason to hurry: the next finished event wakes us.
    let classes = desk.withLock { Self.claimable($0.slots, parked: $0.parked.count) }
    guard !classes.isEmpty else { return .seconds(5) }
    return await store.idleTime(atMost: .seconds(5)) { try $0.nextLaneDue(among: classes) }
  }

  /// At the end: what waits aside goes back into the journal.
  func releaseParked() async {
    let parked = desk.withLock { desk in
      defer { desk.parked = [] }
      return desk.parked
    }
    guard !parked.isEmpty else { return }
    do {
      try await store.write { transaction in for work in parked { try transaction.release(work.claimed) } }
    } catch {
      // The next start frees the lanes; no event is lost.
      logger.error("events that waited could not be given back", metadata: ["error": "\(error)"])
    }
  }
}

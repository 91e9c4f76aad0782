import Core
import Synchronization

/// The running copies of one image for one class of calls, started when they are first needed and again after a crash.
final class InstancePool: Sendable {
  typealias Start = @Sendable () async throws(SkillRefusal) -> any SkillInstance

  private struct State: Sendable {
    var queue: LeaseQueue
    var instances: [(any SkillInstance)?]
    var waiting: [UInt64: CheckedContinuation<Int?, Never>] = [:]
    var lastTicket: UInt64 = 0
    var isClosed = false
  }

  /// A back-off up to this is waited out by the caller; a longer one is an error at once.
  private static let patience: Duration = .seconds(1)

  private let build: String
  private let ledger: CrashLedger
  private let queueLimit: Duration
  private let start: Start
  private let state: Mutex<State>

  init(build: String, slots: Int, maximumWaiting: Int, queueLimit: Duration, ledger: CrashLedger, start: @escaping Start) {
    self.build = build
    self.ledger = ledger
    self.queueLimit = queueLimit
    self.start = start
    let queue = LeaseQueue(slots: slots, maximumWaiting: maximumWaiting)
    state = Mutex(State(queue: queue, instances: Array(repeating: nil, count: slots)))
  }

  /// Starts the first copy, to see that the image can be loaded at all.
  func prove() async throws(SkillRefusal) {
    let instance = try await start()
    place(instance, in: 0)
  }

  /// The first copy, whoever uses it.
  var first: (any SkillInstance)? { state.withLock { $0.instances.first ?? nil } }

  /// Runs `body` on a copy that is free. At most `limit` calls of `tool` run at a time.
  func withInstance(
    for tool: String, limit: Int, _ body: (any SkillInstance) async throws(ToolError) -> JSON
  ) async throws(ToolError) -> JSON {
    let slot = try await acquire(tool, limit)
    defer { release(slot, tool) }
    return try await body(try await instance(in: slot))
  }

  /// Ends all copies; who waits is told so. Returns at once.
  func close() {
    let (instances, waiting) = state.withLock { state in
      state.isClosed = true
      let tickets = state.queue.dismiss()
      let waiting = tickets.compactMap { state.waiting.removeValue(forKey: $0) }
      defer { state.instances = state.instances.map { _ in nil } }
      return (state.instances, waiting)
    }
    for continuation in waiting { continuation.resume(returning: nil) }
    for instance in instances { instance?.stop() }
  }

  private func acquire(_ tool: String, _ limit: Int) async throws(ToolError) -> Int {
    let asked = ContinuousClock.now
    let ticket = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    let slot: Int? = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Int?? = state.withLock { state in
          if state.isClosed || Task.isCancelled { return .some(nil) }
          switch state.queue.acquire(ticket, tool: tool, limit: limit) {
          case .granted(let slot): return slot
          case .full: return .some(nil)
          case .queued:
            state.waiting[ticket] = continuation
            return nil
          }
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let continuation = state.withLock { state in
        state.queue.withdraw(ticket) ? state.waiting.removeValue(forKey: ticket) : nil
      }
      continuation?.resume(returning: nil)
    }
    guard let slot else { throw ToolError(.unavailable, "too many calls of this skill wait already: try again later") }
    guard asked.duration(to: .now) <= queueLimit else {
      release(slot, tool)
      throw ToolError(.unavailable, "the skill was busy for longer than \(queueLimit): try again later")
    }
    return slot
  }

  private func release(_ slot: Int, _ tool: String) {
    let served = state.withLock { state in
      state.queue.release(slot, tool: tool).map { (state.waiting.removeValue(forKey: $0.ticket), $0.slot) }
    }
    for (continuation, slot) in served { continuation?.resume(returning: slot) }
  }

  /// The copy in a slot that the caller holds the lease of; started if there is none alive.
  private func instance(in slot: Int) async throws(ToolError) -> any SkillInstance {
    if let living = state.withLock({ $0.instances[slot] }), living.isIdle { return living }
    try await backOff()
    do throws(SkillRefusal) {
      let instance = try await start()
      place(instance, in: slot)
      return instance
    } catch {
      if error.isSkillsFault { ledger.record(error.message, of: build) }
      throw ToolError(.unavailable, "the skill does not start: \(error.message)")
    }
  }

  private func backOff() async throws(ToolError) {
    let history = ledger.history(of: build)
    switch history.admission(now: .now) {
    case .go: return
    case .wait(let delay) where delay <= Self.patience:
      do {
        try await Task.sleep(for: delay)
      } catch {
        throw ToolError(.unavailable, "the call was cancelled before it began")
      }
    case .wait(let delay):
      throw ToolError(
        .unavailable, "the skill \(history.lastFault ?? "crashed") and starts again in \(delay.components.seconds + 1) s")
    case .quarantined:
      throw ToolError(
        .unavailable, "the skill is quarantined after \(history.tolerance.limit) crashes; last: \(history.lastFault ?? "")")
    }
  }

  private func place(_ instance: any SkillInstance, in slot: Int) {
    let isClosed = state.withLock { state in
      if !state.isClosed { state.instances[slot] = instance }
      return state.isClosed
    }
    if isClosed { instance.stop() }
  }
}

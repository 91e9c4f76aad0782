/// Who may use which slot of a pool, and who waits. First come, first served, except that a tool at its own limit lets others pass.
struct LeaseQueue: Sendable {
  enum Answer: Equatable {
    case granted(slot: Int)
    case queued
    case full
  }

  struct Grant: Equatable {
    let ticket: UInt64
    let slot: Int
  }

  private struct Waiter: Sendable {
    let ticket: UInt64
    let tool: String
    let limit: Int
  }

  private let maximumWaiting: Int
  private var free: [Int]
  private var running: [String: Int] = [:]
  private var waiting: [Waiter] = []

  init(slots: Int, maximumWaiting: Int) {
    self.maximumWaiting = maximumWaiting
    // Taken from the end, so that slot 0, which is started first, is also used first.
    free = Array((0..<slots).reversed())
  }

  /// Asks for a slot for one call of `tool`, of which at most `limit` run at a time.
  mutating func acquire(_ ticket: UInt64, tool: String, limit: Int) -> Answer {
    if running[tool, default: 0] < limit, let slot = free.popLast() {
      running[tool, default: 0] += 1
      return .granted(slot: slot)
    }
    guard waiting.count < maximumWaiting else { return .full }
    waiting.append(Waiter(ticket: ticket, tool: tool, limit: limit))
    return .queued
  }

  /// Gives a slot back; who gets one now.
  mutating func release(_ slot: Int, tool: String) -> [Grant] {
    running[tool, default: 1] -= 1
    if running[tool] == 0 { running[tool] = nil }
    free.append(slot)
    var grants: [Grant] = []
    while !free.isEmpty, let next = waiting.firstIndex(where: { running[$0.tool, default: 0] < $0.limit }) {
      let waiter = waiting.remove(at: next)
      running[waiter.tool, default: 0] += 1
      grants.append(Grant(ticket: waiter.ticket, slot: free.removeLast()))
    }
    return grants
  }

  /// Stops waiting. False when the ticket was served already.
  mutating func withdraw(_ ticket: UInt64) -> Bool {
    guard let index = waiting.firstIndex(where: { $0.ticket == ticket }) else { return false }
    waiting.remove(at: index)
    return true
  }

  /// Everybody who waits, who then waits no more.
  mutating func dismiss() -> [UInt64] {
    defer { waiting = [] }
    return waiting.map(\.ticket)
  }
}

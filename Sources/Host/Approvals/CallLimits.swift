package import Core
package import Policy
package import Storage

/// Holds calls to `limits.yaml`. Rates and cool-downs are asked for before anything else happens and taken when a call begins; how
/// many run at once is asked only then. A call that waits for admins holds nothing.
package struct CallLimits: Sendable {
  private let policy: PolicyEngine

  package init(policy: PolicyEngine) {
    self.policy = policy
  }

  /// Why a call must not begin now.
  package struct Excess: Sendable, Equatable {
    package let limit: CallLimit
    /// How long until it may; nil when it is others that must end first.
    package let wait: Duration?

    /// For the caller: nothing of the limit but the time.
    package var advice: String {
      guard let wait else { return "too many of these run at the moment; try again in a moment" }
      return "too often; try again in \(Self.text(wait))"
    }

    private static func text(_ wait: Duration) -> String {
      let seconds = max(1, Int64((wait / .seconds(1)).rounded(.up)))
      return seconds < 120 ? "\(seconds) s" : "\((seconds + 59) / 60) min"
    }
  }

  /// The longest wait that rates and cool-downs ask for; nil when they leave room. Takes nothing.
  package func peek(_ question: CallQuestion, in transaction: Transaction) throws -> Excess? {
    try peek(counted(question), in: transaction)
  }

  /// Takes one out of every allowance of a write whose claim is in the same transaction; out of none when one has no room.
  package func takeWrite(_ question: CallQuestion, in transaction: Transaction) throws -> Excess? {
    let limits = counted(question)
    if let excess = try excess(limits, in: transaction) { return excess }
    try spend(limits, in: transaction)
    return nil
  }

  /// Begins a read under its limits, if there are any.
  ///
  /// - Returns: why it must not run; nil when it may. Then `endRead` follows.
  package func beginRead(_ question: CallQuestion, _ request: RequestID, in store: Store) async throws -> Excess? {
    let limits = counted(question)
    guard !limits.isEmpty else { return nil }
    return try await store.write { transaction in
      // Of an attempt that was cut short, perhaps.
      try transaction.endRead(request)
      if let excess = try excess(limits, in: transaction) { return excess }
      try spend(limits, in: transaction)
      for limit in limits where limit.limit.concurrency != nil { try transaction.beginRead(request, under: limit.key) }
      return nil
    }
  }

  /// The read has ended, whatever came of it.
  package func endRead(_ question: CallQuestion, _ request: RequestID, in store: Store) async throws {
    guard counted(question).contains(where: { $0.limit.concurrency != nil }) else { return }
    try await store.writeWhenPossible { try $0.endRead(request) }
  }

  // MARK: Counting

  private static let rates = "tool.rate"
  private static let cooldowns = "tool.cooldown"

  private func counted(_ question: CallQuestion) -> [CountedLimit] { policy.snapshot?.limits(on: question) ?? [] }

  private func excess(_ limits: [CountedLimit], in transaction: Transaction) throws -> Excess? {
    for limit in limits {
      guard let most = limit.limit.concurrency, try running(under: limit.key, in: transaction) >= most else { continue }
      return Excess(limit: limit.limit, wait: nil)
    }
    return try peek(limits, in: transaction)
  }

  private func peek(_ limits: [CountedLimit], in transaction: Transaction) throws -> Excess? {
    var longest: Excess?
    for counted in limits {
      for (kind, limit) in Self.allowances(of: counted.limit) {
        let wait = try transaction.wait(for: counted.key, of: kind, under: limit)
        if wait > longest?.wait ?? .zero { longest = Excess(limit: counted.limit, wait: wait) }
      }
    }
    return longest
  }

  private func spend(_ limits: [CountedLimit], in transaction: Transaction) throws {
    for counted in limits {
      for (kind, limit) in Self.allowances(of: counted.limit) {
        try transaction.spend(counted.key, of: kind, under: limit)
      }
    }
  }

  /// A cool-down is a rate of one, without a burst.
  private static func allowances(of limit: CallLimit) -> [(kind: String, limit: RateLimit)] {
    var allowances: [(String, RateLimit)] = []
    if let rate = limit.rate { allowances.append((rates, rate)) }
    if let cooldown = limit.cooldown { allowances.append((cooldowns, RateLimit(1, in: cooldown, burst: 1))) }
    return allowances
  }

  /// Reads and writes that run under this key, on any instance.
  private func running(under key: String, in transaction: Transaction) throws -> Int {
    let reads = try transaction.runningReads(key)
    let writes = try transaction.writeCalls(in: .claimed).count { call in counted(call.question).contains { $0.key == key } }
    return reads + writes
  }
}

extension WriteCall {
  /// The call as limits see it.
  fileprivate var question: CallQuestion {
    CallQuestion(
      requester: requester,
      tool: Tool(name: tool, skill: skill, build: build, summary: "", effect: .write, parameters: [], rest: nil),
      arguments: arguments, conversation: conversation, origin: .command, now: createdAt)
  }
}

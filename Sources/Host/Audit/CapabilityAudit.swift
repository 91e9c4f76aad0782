package import Core
package import Logging
import ServiceLifecycle
package import Storage
import Synchronization

/// Writes what skills asked for into the audit log: before the fact where it leaves the host, and in batches for the rest.
package final class CapabilityAudit: CapabilityWitness, Service {
  /// Records that may wait for their batch; past it they are counted instead of kept.
  private static let mostWaiting = 4096
  private static let largestBatch = 256
  private static let longestWait: Duration = .milliseconds(500)

  private struct State: Sendable {
    var waiting: [CapabilityRecord] = []
    var dropped: Int64 = 0
  }

  private let store: Store
  private let audit: AuditTrail
  private let logger: Logger
  private let state = Mutex(State())
  private let wakeup = Wakeup()

  /// Records into `audit` within `store`; batches are written by `run()`.
  package init(store: Store, audit: AuditTrail, logger: Logger) {
    self.store = store
    self.audit = audit
    self.logger = logger
  }

  package func begin(_ record: CapabilityRecord) async throws {
    try await store.write { [audit] in try audit.append(AuditRecord(record), in: $0) }
  }

  package func note(_ record: CapabilityRecord) {
    let isBatch = state.withLock { state in
      guard state.waiting.count < Self.mostWaiting else {
        state.dropped += 1
        return false
      }
      state.waiting.append(record)
      return state.waiting.count == Self.largestBatch
    }
    if isBatch { wakeup.signal() }
  }

  /// Writes batches until graceful shutdown, then the rest. Shut it down after everything that takes notes.
  package func run() async throws {
    await withGracefulShutdownHandler {
      while !Task.isCancelled && !Task.isShuttingDownGracefully {
        await wakeup.wait(atMost: Self.longestWait)
        while await writeBatch() {}
      }
    } onGracefulShutdown: {
      self.wakeup.signal()
    }
    while await writeBatch() {}
  }

  /// One transaction. False when nothing waits any more, or nothing can be written now.
  package func writeBatch() async -> Bool {
    let (batch, dropped) = state.withLock { state in (Array(state.waiting.prefix(Self.largestBatch)), state.dropped) }
    guard !batch.isEmpty || dropped > 0 else { return false }
    do {
      try await store.write { [audit] transaction in
        for record in batch { try audit.append(AuditRecord(record), in: transaction) }
        if dropped > 0 {
          let count = AuditRecord(.capabilityDropped, details: ["count": .integer(dropped)])
          try audit.append(count, in: transaction)
        }
      }
    } catch {
      // They stay where they are: the next look tries again, and the bound of the buffer holds.
      logger.error("capability requests could not be audited", metadata: ["waiting": "\(batch.count)", "error": "\(error)"])
      return false
    }
    state.withLock { state in
      state.waiting.removeFirst(batch.count)
      state.dropped -= dropped
    }
    return true
  }
}

extension AuditRecord {
  fileprivate init(_ record: CapabilityRecord) {
    let kind: Kind =
      switch record.outcome {
      case .begun: .capabilityBegun
      case .denied: .capabilityDenied
      default: .capabilityEnded
      }
    let tool = Tool(
      name: record.tool, skill: record.skill, build: record.build, summary: "", effect: record.effect, parameters: [], rest: nil)
    self.init(
      kind, requestID: record.requestID, actor: record.requester, tool: tool, outcome: record.outcome.rawValue,
      reason: record.capability, details: record.target.map { ["target": .string($0)] } ?? [:])
  }
}

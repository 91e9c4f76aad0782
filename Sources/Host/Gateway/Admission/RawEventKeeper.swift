package import Core
package import Logging
package import Operations
import ServiceLifecycle
import Synchronization

/// Which documents are kept as they came.
package enum RawEventRule: String, Sendable, CaseIterable {
  /// Those of types that the adapter does not know.
  case unknown
  /// All that proved where they come from.
  case all
  case none

  /// - Parameter type: the label under which it was ignored; nil for an accepted event.
  func keeps(type: String?) -> Bool {
    switch self {
    case .unknown: type == Interpretation.unknownType
    case .all: true
    case .none: false
    }
  }
}

/// Puts raw events aside without anybody having to wait for it: what cannot be written soon is dropped and counted.
package final class RawEventKeeper: Service {
  /// What waits to be written at most.
  static let mostWaiting = (events: 1000, bytes: 8 << 20)
  /// A larger document is not kept.
  static let largestBody = 64 * 1024
  static let sweepInterval = Duration.seconds(60)

  private struct Waiting {
    var events: [RawEvent] = []
    var bytes = 0
  }

  private let rule: RawEventRule
  private let store: any RawEventStore
  private let counters: Counters
  private let logger: Logger
  private let waiting = Mutex(Waiting())
  private let wakeup = Wakeup()

  package init(rule: RawEventRule, store: any RawEventStore, counters: Counters, logger: Logger) {
    self.rule = rule
    self.store = store
    self.counters = counters
    self.logger = logger
  }

  /// Has a document kept, if the rule says so.
  ///
  /// - Parameter type: the label under which it was ignored; nil for an accepted event.
  func offer(_ body: [UInt8], type: String?, channel: String, requestID: RequestID, receivedAt: Timestamp) {
    guard rule.keeps(type: type) else { return }
    let event = RawEvent(channel: channel, type: type ?? "event", requestID: requestID, receivedAt: receivedAt, body: body)
    let fits = waiting.withLock { waiting in
      guard body.count <= Self.largestBody, waiting.events.count < Self.mostWaiting.events,
        waiting.bytes + body.count <= Self.mostWaiting.bytes
      else { return false }
      waiting.events.append(event)
      waiting.bytes += body.count
      return true
    }
    guard fits else { return counters.add(to: .rawEvents, channel, "dropped") }
    wakeup.signal()
  }

  /// Writes, and drops what is too old, until shutdown and until nothing waits any more.
  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await self.wakeup.wait(atMost: Self.sweepInterval)
        await self.write()
        await self.sweep()
      }
    }
    await write()
  }

  func write() async {
    let events = waiting.withLock { waiting in
      defer { waiting = Waiting() }
      return waiting.events
    }
    guard !events.isEmpty else { return }
    do {
      try await store.keep(events)
      for event in events { counters.add(to: .rawEvents, event.channel, "kept") }
    } catch {
      for event in events { counters.add(to: .rawEvents, event.channel, "dropped") }
      logger.warning("raw events could not be kept", metadata: ["count": .stringConvertible(events.count), "error": "\(error)"])
    }
  }

  private func sweep() async {
    do {
      while try await store.dropOld() {}
    } catch {
      logger.warning("old raw events could not be dropped", metadata: ["error": "\(error)"])
    }
  }
}

extension MetricFamily {
  /// Raw events by what became of them: `kept` or `dropped`.
  static let rawEvents = MetricFamily(
    "openclaw_raw_events_total", help: "Documents put aside for inspection.", labels: ["channel", "outcome"])
}

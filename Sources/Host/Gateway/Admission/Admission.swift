package import Core
package import Logging
package import Operations
import Synchronization

/// The one way into the journal: authenticate, parse, interpret, rate, dedupe, commit, in this order, so that the cheapest
/// check that can refuse comes first. Knows no wire format and no meaning.
package final class Admission: FrameIntake {
  /// What the sender of a POST is told.
  package enum Verdict: Sendable {
    case answer(WebhookAnswer)
    case refusal(Refusal)
  }

  let clock: WallClock
  let counters: Counters
  let logger: Logger
  private let journal: any EventJournal
  private let rates: Mutex<EventRates>
  private let refusalLog = Mutex(RefusalLog())
  private let pause: @Sendable (Duration) async -> Void

  /// - Parameters:
  ///   - journal: where accepted events are committed.
  ///   - limits: how much one sender and one group may say.
  ///   - pause: how to wait before a frame is offered to a full journal again.
  package init(
    journal: any EventJournal, limits: AdmissionLimits = AdmissionLimits(), clock: WallClock = .system, counters: Counters,
    logger: Logger, pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
  ) {
    self.journal = journal
    self.rates = Mutex(EventRates(limits))
    self.clock = clock
    self.counters = counters
    self.logger = logger
    self.pause = pause
  }

  /// Takes one POST through the pipeline. On `.answer` after an event, the event is on disk. A refusal is counted and logged
  /// here; the caller only has to tell the sender.
  package func admit(_ request: WebhookRequest, to channel: some WebhookChannel, requestID: RequestID) async -> Verdict {
    do {
      return .answer(try await process(request, channel, requestID))
    } catch {
      note(error, channel: channel.name, requestID: requestID, remoteAddress: request.remoteAddress)
      return .refusal(error)
    }
  }

  private func process(
    _ request: WebhookRequest, _ channel: some WebhookChannel, _ requestID: RequestID
  ) async throws(Refusal) -> WebhookAnswer {
    let authentication = try channel.authenticate(request)
    let document = try Self.parse(request.body)
    switch try channel.interpret(document, of: request, authentication: authentication, requestID: requestID) {
    case .control(let answer):
      counters.add(to: .events, channel.name, "control")
      return answer ?? channel.acknowledgement
    case .ignored(let type):
      ignore(type, channel: channel.name, requestID: requestID)
      return channel.acknowledgement
    case .event(let event):
      try rates.withLock { (rates) throws(Refusal) in try rates.admit(event) }
      do {
        try await commit(event, channel: channel.name)
      } catch {
        throw refuse(error, channel: channel.name, requestID: requestID)
      }
      return channel.acknowledgement
    }
  }

  /// Takes one text frame of an open WebSocket through the same pipeline. Frames of one socket must be offered one at a time.
  ///
  /// Nobody redelivers a frame. While the journal cannot take it, it is therefore offered again for `framePatience`: the
  /// socket is not read meanwhile, which slows its sender down.
  package func admit(
    frame: [UInt8], of session: some SocketSession, channel: String
  ) async -> FrameVerdict {
    let now = clock.now()
    let requestID = RequestID(at: now)
    do {
      let document = try Self.parse(frame)
      do {
        try await process(document, receivedAt: now, requestID, session, channel)
        return .taken
      } catch {
        note(error, channel: channel, requestID: requestID, remoteAddress: nil)
        return .refused(error)
      }
    } catch {
      note(error, channel: channel, requestID: requestID, remoteAddress: nil)
      return .malformed(error)
    }
  }

  private func process(
    _ document: JSON, receivedAt: Timestamp, _ requestID: RequestID, _ session: some SocketSession, _ channel: String
  ) async throws(Refusal) {
    switch try await session.interpret(document, receivedAt: receivedAt, requestID: requestID) {
    case .control: counters.add(to: .events, channel, "control")
    case .ignored(let type): ignore(type, channel: channel, requestID: requestID)
    case .event(let event):
      try rates.withLock { (rates) throws(Refusal) in try rates.admit(event) }
      var waited = Duration.zero
      while true {
        do {
          return try await commit(event, channel: channel)
        } catch {
          guard waited < Self.framePatience, !Task.isCancelled else {
            throw refuse(error, channel: channel, requestID: requestID)
          }
        }
        await pause(Self.frameRetryInterval)
        waited += Self.frameRetryInterval
      }
    }
  }

  /// How long a frame waits for a journal that cannot take it.
  package static let framePatience = Duration.seconds(5)
  static let frameRetryInterval = Duration.milliseconds(250)

  private func commit(_ event: ChatEvent, channel: String) async throws(JournalError) {
    switch try await journal.accept(event) {
    case .accepted:
      counters.add(to: .events, channel, "accepted")
      logger.debug("event accepted", metadata: ["request_id": "\(event.requestID)", "channel": "\(channel)"])
    case .duplicate(let original):
      counters.add(to: .events, channel, "duplicate")
      logger.debug(
        "duplicate event dropped",
        metadata: ["request_id": "\(event.requestID)", "channel": "\(channel)", "original": "\(original)"])
    }
  }

  private static func parse(_ bytes: [UInt8]) throws(Refusal) -> JSON {
    let document: JSON
    do {
      document = try JSON(parsing: bytes)
    } catch {
      throw .json(error)
    }
    guard case .object = document else { throw .notAnObject(document) }
    return document
  }

  private func ignore(_ type: String, channel: String, requestID: RequestID) {
    counters.add(to: .events, channel, "ignored")
    counters.add(to: .ignoredEvents, channel, type)
    logger.debug(
      "event ignored", metadata: ["request_id": "\(requestID)", "channel": "\(channel)", "type": "\(type)"])
  }

  private func refuse(_ error: JournalError, channel: String, requestID: RequestID) -> Refusal {
    logger.debug(
      "journal took nothing",
      metadata: [
        "request_id": "\(requestID)", "channel": "\(channel)", "code": "\(error.code.rawValue)", "reason": "\(error.message)",
      ])
    return .journal(error)
  }

  /// Counts a refusal under its code and logs it, at most once a minute for each kind.
  package func note(_ refusal: Refusal, channel: String, requestID: RequestID, remoteAddress: String?) {
    counters.add(to: .refusals, channel, refusal.code)
    let advice = refusalLog.withLock { $0.note(.init(channel: channel, code: refusal.code), at: clock.now()) }
    var level = Logger.Level.debug
    var suppressed = 0
    if case .say(let count) = advice {
      level = .warning
      suppressed = count
    }
    logger.log(
      level: level, "message refused",
      metadata: [
        "request_id": "\(requestID)", "channel": "\(channel)", "code": "\(refusal.code)",
        "status": .stringConvertible(refusal.status), "reason": "\(refusal.message)", "remote": "\(remoteAddress ?? "")",
        "suppressed": .stringConvertible(suppressed),
      ])
  }
}

extension MetricFamily {
  /// Events by what became of them: `accepted`, `duplicate`, `control` or `ignored`.
  package static let events = MetricFamily(
    "openclaw_events_total", help: "Inbound events by outcome.", labels: ["channel", "outcome"])
  /// Ignored events by the platform's type.
  package static let ignoredEvents = MetricFamily(
    "openclaw_events_ignored_total", help: "Inbound events that were acknowledged and dropped.", labels: ["channel", "type"])
  /// Refused messages by code; `channel` is `-` when the request named none.
  package static let refusals = MetricFamily(
    "openclaw_refusals_total", help: "Inbound messages turned away.", labels: ["channel", "code"])
}

package import Core
package import Logging
package import Operations
import Synchronization

/// The one way into the journal: authenticate, parse, interpret, shed, rate, dedupe, commit, in this order, so that the cheapest
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
  private let relevance: @Sendable (ChatEvent) -> Relevance
  private let rawEvents: RawEventKeeper?
  private let refusalLog = Mutex(RefusalLog())
  private let pause: @Sendable (Duration) async -> Void

  /// - Parameters:
  ///   - journal: where accepted events are committed.
  ///   - limits: how much one sender, one group, one channel and one address may say.
  ///   - relevance: how much an event matters while the queue fills up.
  ///   - rawEvents: where documents are kept as they came; nil keeps none.
  ///   - pause: how to wait before a frame is offered to a full journal again.
  package init(
    journal: any EventJournal, limits: AdmissionLimits = AdmissionLimits(),
    relevance: @escaping @Sendable (ChatEvent) -> Relevance = { _ in .request }, rawEvents: RawEventKeeper? = nil,
    clock: WallClock = .system, counters: Counters, logger: Logger,
    pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
  ) {
    self.journal = journal
    self.rates = Mutex(EventRates(limits))
    self.relevance = relevance
    self.rawEvents = rawEvents
    self.clock = clock
    self.counters = counters
    self.logger = logger
    self.pause = pause
  }

  /// Takes one POST through the pipeline. On `.answer` after an event, the event is on disk. A refusal is counted and logged
  /// here; the caller only has to tell the sender.
  package func admit(_ request: WebhookRequest, to channel: some WebhookChannel, requestID: RequestID) async -> Verdict {
    await admit(request, from: nil, to: channel, requestID: requestID)
  }

  /// - Parameter address: whose allowance pays for the check of the signature; nil when somebody else has made sure who it is.
  func admit(
    _ request: WebhookRequest, from address: String?, to channel: some WebhookChannel, requestID: RequestID
  ) async -> Verdict {
    do {
      return .answer(try await process(request, address, channel, requestID))
    } catch {
      note(error, channel: channel.name, requestID: requestID, remoteAddress: request.remoteAddress)
      return .refusal(error)
    }
  }

  private func process(
    _ request: WebhookRequest, _ address: String?, _ channel: some WebhookChannel, _ requestID: RequestID
  ) async throws(Refusal) -> WebhookAnswer {
    let authentication = try authenticated(from: address, at: request.receivedAt) { () throws(Refusal) in
      try channel.authenticate(request)
    }
    let document = try Self.parse(request.body)
    switch try channel.interpret(document, of: request, authentication: authentication, requestID: requestID) {
    case .control(let answer):
      try rates.withLock { (rates) throws(Refusal) in try rates.admit(channel: channel.name, at: request.receivedAt) }
      counters.add(to: .events, channel.name, "control")
      return answer ?? channel.acknowledgement
    case .ignored(let type):
      ignore(type, request.body, channel: channel.name, requestID: requestID, at: request.receivedAt)
      return channel.acknowledgement
    case .event(let event):
      try shed(rank(of: event))
      try rates.withLock { (rates) throws(Refusal) in try rates.admit(event) }
      try await commit(event, body: request.body, channel: channel.name)
      return channel.acknowledgement
    }
  }

  /// Charges `address` before anything is computed for it, and gives it back when the sender turns out to be known.
  func authenticated<Proof>(
    from address: String?, at now: Timestamp, _ authenticate: () throws(Refusal) -> Proof
  ) throws(Refusal) -> Proof {
    guard let address else { return try authenticate() }
    try rates.withLock { (rates) throws(Refusal) in try rates.charge(address: address, at: now) }
    let proof = try authenticate()
    // Whoever sends something that needs no signature proves nothing by it.
    if proof as? Authentication != .unsigned { rates.withLock { $0.refund(address: address) } }
    return proof
  }

  /// Throws when `address` has used up its attempts: then its body need not be read.
  func check(address: String, at now: Timestamp) throws(Refusal) {
    try rates.withLock { (rates) throws(Refusal) in try rates.check(address: address, at: now) }
  }

  private func rank(of event: ChatEvent) -> Shedding.Rank {
    Shedding.rank(of: event, relevance: relevance(event))
  }

  private func shed(_ rank: Shedding.Rank) throws(Refusal) {
    if let refusal = Shedding.refusal(of: rank, fill: journal.fill) { throw refusal }
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
        try await process(document, frame, receivedAt: now, requestID, session, channel)
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
    _ document: JSON, _ frame: [UInt8], receivedAt now: Timestamp, _ requestID: RequestID, _ session: some SocketSession,
    _ channel: String
  ) async throws(Refusal) {
    switch try await session.interpret(document, receivedAt: now, requestID: requestID) {
    case .control: counters.add(to: .events, channel, "control")
    case .ignored(let type): ignore(type, frame, channel: channel, requestID: requestID, at: now)
    case .event(let event):
      let rank = rank(of: event)
      // What nobody waits for is not worth holding up what comes behind it.
      if rank == .background { try shed(rank) }
      try rates.withLock { (rates) throws(Refusal) in try rates.admit(event) }
      var waited = Duration.zero
      while true {
        do {
          try shed(rank)
          return try await commit(event, body: frame, channel: channel)
        } catch {
          // A chat that talks too much must not hold up the others that come by this socket.
          let isItsOwn = error.code == JournalError.Code.conversationFull.rawValue
          guard waited < Self.framePatience, !isItsOwn, !Task.isCancelled else { throw error }
        }
        await pause(Self.frameRetryInterval)
        waited += Self.frameRetryInterval
      }
    }
  }

  /// How long a frame waits for a journal that cannot take it.
  package static let framePatience = Duration.seconds(5)
  static let frameRetryInterval = Duration.milliseconds(250)

  private func commit(_ event: ChatEvent, body: [UInt8], channel: String) async throws(Refusal) {
    let acceptance: Acceptance
    do {
      acceptance = try await journal.accept(event)
    } catch {
      throw refuse(error, channel: channel, requestID: event.requestID)
    }
    switch acceptance {
    case .accepted:
      counters.add(to: .events, channel, "accepted")
      logger.debug("event accepted", metadata: ["request_id": "\(event.requestID)", "channel": "\(channel)"])
      rawEvents?.offer(body, type: nil, channel: channel, requestID: event.requestID, receivedAt: event.receivedAt)
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

  private func ignore(_ type: String, _ body: [UInt8], channel: String, requestID: RequestID, at now: Timestamp) {
    rawEvents?.offer(body, type: type, channel: channel, requestID: requestID, receivedAt: now)
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

  // MARK: Restarts

  /// The token buckets that have changed since the last call, at most `limit` of them.
  func takeRateChanges(atMost limit: Int) -> [RateCell] {
    rates.withLock { $0.takeChanges(atMost: limit) }
  }

  /// Adds what other instances spent to the token buckets `taken`.
  func adoptRates(_ kept: [RateCell], insteadOf taken: [RateCell]) {
    rates.withLock { $0.adopt(kept, insteadOf: taken) }
  }

  /// Takes up the token buckets of an earlier run.
  func restoreRates(_ cells: [RateCell]) {
    rates.withLock { $0.restore(cells, at: clock.now()) }
  }

  // MARK: Refusals

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

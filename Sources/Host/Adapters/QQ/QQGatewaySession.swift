import Core

/// What one shard of the gateway client does: across connections, and on the one that is open. Pure.
///
/// Times are durations since some fixed moment.
struct QQGatewaySession: Sendable {
  /// Where the platform can go on.
  struct Position: Sendable, Equatable {
    let sessionID: String
    /// Of the last dispatch that needs no repetition.
    var sequence: Int64
    /// The bot's id in guilds, which only the session's beginning tells.
    let botUserID: String?
  }

  enum Action: Sendable, Equatable {
    case identify(QQIntents)
    case resume(Position)
    case heartbeat(sequence: Int64?)
    /// From now on `tick` wants to be called.
    case keepTime
    /// The position is to be noted, or forgotten.
    case save
    /// Events come in. The text says what is amiss all the same.
    case established(problem: String?)
    case close
  }

  /// What to do after a connection.
  struct Next: Sendable, Equatable {
    /// Nil: do not connect any more.
    var delay: Duration?
    var refreshesToken = false
    /// For the operator; nil when this is nothing out of the ordinary.
    var problem: String?
  }

  /// Why we closed the connection ourselves.
  private enum Ending {
    case reconnect
    case invalid(resumable: Bool)
    case silence
    case journal
    case token(String)
  }

  private(set) var position: Position?
  private(set) var intents: QQIntents
  private var hasReducedIntents = false

  // The open connection.
  private var openedAt = Duration.zero
  private var heardAt = Duration.zero
  private var interval: Duration?
  private var nextBeat = Duration.zero
  private var isEstablished = false
  private var ending: Ending?

  /// Whether we are closing the connection.
  var isEnding: Bool { ending != nil }

  // Failures in a row.
  private var step = 0
  private var shortLived = 0
  private var refusedTokens = 0
  private var invalidSessions = 0

  static let helloLimit = Duration.seconds(30)
  private static let ladder: [Duration] = [1, 2, 5, 10, 30, 60].map { .seconds($0) }
  private static let shortLife = Duration.seconds(5)

  init(intents: QQIntents, position: Position?) {
    self.intents = intents
    self.position = position
  }

  // MARK: - On the open connection

  mutating func opened(at now: Duration) {
    (openedAt, heardAt) = (now, now)
    (interval, isEstablished, ending) = (nil, false, nil)
  }

  mutating func heard(at now: Duration) { heardAt = now }

  /// - Parameter jitter: from 0 to 1, so that many connections do not beat together.
  mutating func receive(_ control: QQControl, at now: Duration, jitter: Double) -> [Action] {
    switch control {
    case .hello(let interval):
      guard self.interval == nil else { return [] }
      self.interval = interval
      nextBeat = now + interval * jitter
      return [.keepTime, position.map { .resume($0) } ?? .identify(intents)]
    case .heartbeatRequest: return [.heartbeat(sequence: position?.sequence)]
    case .ready(let ready):
      position = Position(sessionID: ready.sessionID, sequence: ready.sequence ?? 1, botUserID: ready.botUserID)
      return establish()
    case .resumed(let sequence):
      if let sequence { advance(to: sequence) }
      return establish()
    case .reconnect: return close(.reconnect)
    case .invalidSession(let resumable): return close(.invalid(resumable: resumable))
    case .heartbeatAcknowledged, .urlValidation, .unknown: return []
    }
  }

  private mutating func establish() -> [Action] {
    isEstablished = true
    (refusedTokens, invalidSessions) = (0, 0)
    let problem = hasReducedIntents ? "connected without all 'intents': \(QQCloseCode.advice(4014))" : nil
    return [.save, .established(problem: problem)]
  }

  /// The dispatch with that number is on disk, or is not wanted.
  mutating func settled(_ sequence: Int64) -> [Action] {
    advance(to: sequence)
    return [.save]
  }

  private mutating func advance(to sequence: Int64) {
    guard let current = position?.sequence else { return }
    position?.sequence = max(current, sequence)
  }

  /// The journal could not take a dispatch: it comes again when the session is resumed behind the last one taken.
  mutating func journalRefused() -> [Action] { close(.journal) }

  /// - Parameter code: why there was no token.
  mutating func tokenMissing(_ code: String) -> [Action] { close(.token(code)) }

  private mutating func close(_ ending: Ending) -> [Action] {
    guard self.ending == nil else { return [] }
    self.ending = ending
    return [.close]
  }

  /// How long until `tick` has something to do.
  func untilTick(at now: Duration) -> Duration {
    guard interval != nil else { return max(deadline - now, .zero) }
    return max(min(nextBeat, deadline) - now, .zero)
  }

  mutating func tick(at now: Duration) -> [Action] {
    guard ending == nil else { return [] }
    if now >= deadline { return close(.silence) }
    guard let interval, now >= nextBeat else { return [] }
    nextBeat = now + interval
    return [.heartbeat(sequence: position?.sequence)]
  }

  /// When a silent connection counts as dead.
  private var deadline: Duration { interval.map { heardAt + $0 * 2 + .seconds(5) } ?? openedAt + Self.helloLimit }

  // MARK: - Between connections

  /// - Parameters:
  ///   - code: of the close frame, 1006 without one.
  ///   - jitter: from 0 to 1.
  mutating func closed(_ code: UInt16, at now: Duration, jitter: Double) -> Next {
    let isShort = now - openedAt < Self.shortLife
    shortLived = isShort ? shortLived + 1 : 0
    if isEstablished, !isShort { step = 0 }
    var next = ending.map { afterOwn($0, jitter: jitter) } ?? after(code, jitter: jitter)
    if let delay = next.delay, shortLived >= 3 {
      next.delay = max(delay, .seconds(60))
      next.problem = next.problem ?? "the gateway closes each connection at once (code \(code)); the next attempt is in a minute"
    }
    (isEstablished, ending, interval) = (false, nil, nil)
    return next
  }

  /// No connection came about.
  mutating func failed(_ problem: String, jitter: Double) -> Next {
    Next(delay: climb(jitter: jitter), problem: problem)
  }

  /// The daily number of sessions is used up.
  mutating func exhausted(for wait: Duration) -> Next {
    Next(
      delay: wait,
      problem: "no new gateway session may be started for \(wait.components.seconds) s; another process may use this bot")
  }

  private mutating func afterOwn(_ ending: Ending, jitter: Double) -> Next {
    switch ending {
    case .reconnect: return Next(delay: .zero)
    case .invalid(let resumable):
      invalidSessions += 1
      // "Resumable" is not documented: believe it once.
      let keeps = resumable && invalidSessions < 2
      if !keeps { position = nil }
      return Next(delay: .seconds(2) + .seconds(3) * jitter, refreshesToken: !keeps)
    case .silence: return Next(delay: climb(jitter: jitter), problem: "the gateway fell silent; connecting again")
    case .journal:
      return Next(
        delay: climb(jitter: jitter), problem: "the journal took no event; it is fetched again when the session resumes")
    case .token(let code): return Next(delay: climb(jitter: jitter), problem: "no access token for the gateway (\(code))")
    }
  }

  private mutating func after(_ code: UInt16, jitter: Double) -> Next {
    switch QQCloseCode(code) {
    case .resumeIfSession:
      let isRepeated = step > 0
      return Next(delay: climb(jitter: jitter), problem: isRepeated ? "the gateway closes again and again (code \(code))" : nil)
    case .wait60ThenResume: return Next(delay: .seconds(60), problem: "the gateway says that we send too fast (code \(code))")
    case .identifyAfterBackoff, .dropSessionThenIdentify:
      position = nil
      return Next(delay: climb(jitter: jitter), problem: "the gateway ended the session (code \(code)); beginning another")
    case .refreshTokenThenIdentify:
      position = nil
      refusedTokens += 1
      guard refusedTokens < 3 else { return stop(code) }
      return Next(
        delay: climb(jitter: jitter), refreshesToken: true, problem: "the gateway refused the access token (code \(code))")
    case .reduceIntentsOnceThenStop:
      position = nil
      guard !hasReducedIntents, let reduced = intents.reduced else { return stop(code) }
      (intents, hasReducedIntents) = (reduced, true)
      return Next(delay: climb(jitter: jitter), problem: QQCloseCode.advice(code))
    case .stop: return stop(code)
    }
  }

  private mutating func stop(_ code: UInt16) -> Next {
    position = nil
    return Next(delay: nil, problem: "the gateway client stopped (code \(code)): \(QQCloseCode.advice(code))")
  }

  private mutating func climb(jitter: Double) -> Duration {
    defer { step = min(step + 1, Self.ladder.count - 1) }
    return Self.ladder[step] * (0.8 + 0.4 * jitter)
  }
}

import Core
import SkillLoader

/// The life of one runner as a value: what comes in goes through here, what is to be done comes out. No descriptor and no clock inside.
struct RunnerSession: Sendable {
  typealias Instant = ContinuousClock.Instant

  enum Action: Equatable, Sendable {
    /// The sandbox is closed; a skill may be loaded.
    case ready
    /// The skill is loaded; calls may begin.
    case loaded
    case startFailed(SkillRefusal)
    /// For the caller: the skill wants something of the host.
    case ask(CapabilityQuestion)
    /// For the caller: the call is over.
    case finish(Result<Reply, ToolError>)
    /// Tell the skill that this call is not wanted any more.
    case raiseCancel(UInt64)
    /// Ask how much processor time it has used, for `measured`.
    case measure
    case log(level: UInt32, line: String)
    case kill
  }

  /// A call that ended in the runner's own way.
  struct Reply: Equatable, Sendable {
    let result: RunnerResult
    let pieces: [UInt8]
  }

  private struct Call: Sendable {
    enum Interruption { case deadline, cancelled }

    let id: UInt64
    let began: Instant
    let deadline: Instant
    let timeout: Duration
    let maximumResult: Int
    var pieces: [UInt8] = []
    var requests = 0
    var isAsking = false
    var interruption: Interruption?
    var killAt: Instant?
  }

  private enum State: Sendable {
    case starting(until: Instant, budget: Duration)
    /// In its sandbox, without a skill.
    case ready
    case loading(since: Instant, budget: Duration)
    case idle
    case calling(Call)
    /// To be killed, or killed and not buried yet. `last` is what is still to be said, once it is.
    case dying(RunnerEnd, last: Action?)
    case dead
  }

  /// Time between the cancel flag and the kill.
  static let grace: Duration = .milliseconds(200)
  static let maximumRequests = 10_000

  private var state: State
  private var assembler = MessageAssembler()
  private var lastCall: UInt64 = 0
  private var meter: ProcessorMeter

  /// The runner has `startBudget` for its sandbox, on a machine with so many processors.
  init(now: Instant, startBudget: Duration, processors: Int = 1) {
    state = .starting(until: now + startBudget, budget: startBudget)
    meter = ProcessorMeter(processors: processors, now: now)
  }

  /// Whether it waits for a skill.
  var isReady: Bool {
    if case .ready = state { true } else { false }
  }

  /// Whether a skill has been loaded, so that the runner speaks only in calls.
  var isServing: Bool {
    switch state {
    case .idle, .calling: true
    case .starting, .ready, .loading, .dying, .dead: false
    }
  }

  var isIdle: Bool {
    if case .idle = state { true } else { false }
  }

  /// Whether it waits for the answer to a request.
  var isAsking: Bool {
    if case .calling(let call) = state { call.isAsking } else { false }
  }

  /// Whether nothing it says counts any more.
  var isOver: Bool {
    switch state {
    case .dying, .dead: true
    case .starting, .ready, .loading, .idle, .calling: false
    }
  }

  /// When `tick` wants to be called next.
  var wakeAt: Instant? {
    switch state {
    case .starting(let until, _): until
    case .loading(let since, let budget): since + budget
    case .idle: meter.dueAt
    case .calling(let call): min(call.killAt ?? call.deadline, meter.dueAt)
    case .ready, .dying, .dead: nil
    }
  }

  /// Gives it a skill; the image must be sent now. False when it is not ready for one.
  mutating func load(budget: Duration, now: Instant) -> Bool {
    guard case .ready = state else { return false }
    state = .loading(since: now, budget: budget)
    return true
  }

  /// Begins a call; nil when the runner is not free for one.
  mutating func begin(timeout: Duration, maximumResult: Int, now: Instant) -> UInt64? {
    guard case .idle = state else { return nil }
    lastCall += 1
    // The thread is up soon after any call, so that what the call leaves behind is noticed soon.
    meter.called(for: .zero, now: now)
    state = .calling(Call(id: lastCall, began: now, deadline: now + timeout, timeout: timeout, maximumResult: maximumResult))
    return lastCall
  }

  /// Whether the answer to a request of `call` may still be sent; if so it must be, now.
  mutating func answer(_ id: UInt64) -> Bool {
    guard case .calling(var call) = state, call.id == id, call.isAsking else { return false }
    call.isAsking = false
    state = .calling(call)
    return true
  }

  /// The caller has lost interest.
  mutating func cancel(_ id: UInt64, now: Instant) -> [Action] {
    guard case .calling(let call) = state, call.id == id, call.interruption == nil else { return [] }
    return interrupt(call, .cancelled, now: now)
  }

  mutating func receive(_ frame: Frame, now: Instant) -> [Action] {
    if isOver { return [] }
    do throws(ProtocolViolation) {
      var textLimit = 0
      if case .calling(let call) = state { textLimit = call.maximumResult }
      guard let message = try assembler.add(frame, textLimit: textLimit) else { return [] }
      return try handle(message, call: frame.call, now: now)
    } catch {
      return violated(error.reason)
    }
  }

  /// A packet that is not even a frame.
  mutating func violated(_ reason: String) -> [Action] {
    die(
      .violated(reason), start: SkillRefusal(.startFailed, "broke the protocol while loading: \(reason)"),
      call: ToolError(.protocolError, "the skill broke the protocol and was killed: \(reason)"))
  }

  mutating func tick(now: Instant) -> [Action] {
    guard let wakeAt, wakeAt <= now else { return [] }
    switch state {
    case .starting(_, let budget):
      let refusal = SkillRefusal(.hostFailure, "the runner's sandbox was not closed within \(budget)")
      return die(.overdue, start: refusal, call: nil)
    case .loading(_, let budget):
      return die(.overdue, start: SkillRefusal(.startTimedOut, "did not finish loading within \(budget)"), call: nil)
    case .idle: return meter.isExceeded ? dieOfGreed() : [.measure]
    case .calling(let call) where (call.killAt ?? call.deadline) > now: return [.measure]
    case .calling(let call) where call.killAt == nil: return interrupt(call, .deadline, now: now)
    case .calling(let call):
      let error =
        call.interruption == .cancelled
        ? ToolError(.cancelled, "the call was cancelled and the skill was killed")
        : ToolError(.killed, "no answer within \(call.timeout): the skill was killed")
      return die(.overdue, start: nil, call: error)
    case .ready, .dying, .dead: return []
    }
  }

  /// The process has used so much processor time.
  mutating func measured(_ time: Duration, now: Instant) -> [Action] {
    switch state {
    case .idle: meter.read(time, current: .zero, now: now)
    case .calling(let call): meter.read(time, current: call.began.duration(to: now), now: now)
    case .starting, .ready, .loading, .dying, .dead: return []
    }
    // A call in flight is let end: the fault is not its caller's.
    return isIdle && meter.isExceeded ? dieOfGreed() : []
  }

  private mutating func dieOfGreed() -> [Action] {
    die(.violated("used processor time between calls"), start: nil, call: nil)
  }

  /// The host stops it; a call in flight fails.
  mutating func stop() -> [Action] {
    die(
      .stopped, start: SkillRefusal(.hostFailure, "the host stopped it"),
      call: ToolError(.cancelled, "the host stopped the skill"))
  }

  /// The process is gone; `exit` names how, and `wasStopped` tells that it had been stopped before it was killed. Who waits is told only now, so that nothing of a dead runner goes on beside its successor.
  mutating func ended(_ exit: String, wasStopped: Bool = false) -> (actions: [Action], end: RunnerEnd) {
    let refusal =
      switch state {
      case .starting: SkillRefusal(.hostFailure, "the runner \(exit) before its sandbox was closed")
      default: SkillRefusal(.startFailed, "\(exit) while loading")
      }
    _ = die(
      .crashed(exit), start: refusal,
      call: ToolError(.crashed, "the skill \(exit) during the call"))
    defer { state = .dead }
    guard case .dying(let end, let last) = state else { return ([], .crashed(exit)) }
    if wasStopped, end == .overdue, case .finish(.failure(let error)) = last, error.code == .killed {
      return ([.finish(.failure(ToolError(.killed, "\(error.message), which had stopped itself")))], end)
    }
    return (last.map { [$0] } ?? [], end)
  }

  private mutating func handle(_ message: RunnerMessage, call id: UInt64, now: Instant) throws(ProtocolViolation) -> [Action] {
    switch (state, message) {
    case (.starting, .hello(let hello)):
      guard id == 0 else { throw ProtocolViolation("a hello inside a call") }
      return greet(hello)
    case (.starting, .loadFailed(let reason)):
      return die(.stopped, start: Self.unprotected(reason), call: nil)
    case (.loading, .loadFailed(let reason)):
      return die(.crashed(reason), start: SkillRefusal(.startFailed, reason), call: nil)
    case (.loading(let since, _), .loaded):
      guard id == 0 else { throw ProtocolViolation("a load inside a call") }
      state = .idle
      meter = ProcessorMeter(processors: meter.processors, now: since)
      meter.called(for: since.duration(to: now), now: now)
      return [.loaded]
    case (_, .log(let level, let line)):
      guard id == 0 || id == callInFlight else { throw ProtocolViolation("a log line of another call") }
      return [.log(level: level, line: line)]
    case (.calling(var call), _):
      guard id == call.id else { throw ProtocolViolation("a message of another call") }
      guard !call.isAsking else { throw ProtocolViolation("a message while a request waits for its answer") }
      return try handle(message, in: &call, now: now)
    default: throw ProtocolViolation("a message that is not expected now")
    }
  }

  private mutating func handle(_ message: RunnerMessage, in call: inout Call, now: Instant) throws(ProtocolViolation) -> [Action]
  {
    switch message {
    case .piece(let bytes):
      call.pieces += bytes
      guard call.pieces.count <= call.maximumResult else {
        throw ProtocolViolation("a result over the allowed \(call.maximumResult) bytes")
      }
      state = .calling(call)
      return []
    case .request(let question):
      call.requests += 1
      guard call.requests <= Self.maximumRequests else {
        throw ProtocolViolation("more than \(Self.maximumRequests) requests in one call")
      }
      call.isAsking = true
      state = .calling(call)
      return [.ask(question)]
    case .result(let result):
      state = .idle
      meter.called(for: call.began.duration(to: now), now: now)
      return [.finish(.success(Reply(result: result, pieces: call.pieces)))]
    case .hello, .loadFailed, .loaded, .log: throw ProtocolViolation("a message that is not expected now")
    }
  }

  private var callInFlight: UInt64? {
    if case .calling(let call) = state { call.id } else { nil }
  }

  private mutating func greet(_ hello: Hello) -> [Action] {
    guard hello.major == OC_ABI_MAJOR else {
      let refusal = SkillRefusal(.hostFailure, "the runner speaks ABI \(hello.major), this host \(OC_ABI_MAJOR)")
      return die(.stopped, start: refusal, call: nil)
    }
    if let missing = Protections.missing(in: hello.protections) {
      return die(.stopped, start: Self.unprotected("\(missing) is missing"), call: nil)
    }
    state = .ready
    return [.ready]
  }

  private static func unprotected(_ what: String) -> SkillRefusal {
    SkillRefusal(.unprotected, "isolation is not complete on this machine: \(what)")
  }

  private mutating func interrupt(_ call: Call, _ interruption: Call.Interruption, now: Instant) -> [Action] {
    var call = call
    call.interruption = interruption
    call.killAt = now + Self.grace
    state = .calling(call)
    return [.raiseCancel(call.id)]
  }

  /// The end, whatever the state: `start` is for who waits for the load, `call` for who waits for a call.
  private mutating func die(_ end: RunnerEnd, start: SkillRefusal?, call: ToolError?) -> [Action] {
    switch state {
    case .dying, .dead: return []
    case .starting, .loading: state = .dying(end, last: start.map(Action.startFailed))
    case .ready, .idle: state = .dying(end, last: nil)
    case .calling: state = .dying(end, last: call.map { .finish(.failure($0)) })
    }
    return [.kill]
  }
}

/// What must be in force in a runner before it gets work.
enum Protections {
  private static let required: [(bits: UInt32, name: String)] = [
    (OC_PROTECTION_NO_NEW_PRIVS, "no_new_privs"),
    (OC_PROTECTION_LIMITS, "resource limits"),
    (OC_PROTECTION_SECCOMP, "seccomp"),
    (OC_PROTECTION_LANDLOCK | OC_PROTECTION_CHROOT, "Landlock or a private root"),
  ]

  /// The name of the first requirement of which nothing is in force.
  static func missing(in protections: UInt32) -> String? {
    required.first { protections & $0.bits == 0 }?.name
  }
}

import Core
import Foundation
import LinuxCalls
import SkillLoader
import Synchronization

/// One runner child: started without a skill, it gets one for good. One call at a time: the caller reads the socket while its call
/// lasts, and a thread of the runner's own watches its output, its deadlines and its end.
final class RunnerProcess: SkillInstance {
  private enum CallEvent: Sendable {
    case ask(CapabilityQuestion)
    case finish(Result<RunnerSession.Reply, ToolError>)
  }

  private struct State: Sendable {
    var session: RunnerSession
    /// Packets that did not fit into the socket yet.
    var outbox: [[UInt8]] = []
    var call: Mailbox<CallEvent>?
    /// Until when the thread sleeps if nothing happens; a deadline before that needs a wake-up.
    var sleepsUntil: ContinuousClock.Instant?
    var isStopping = false
    /// Where the skill's words go. The runner itself, before it has a skill, has nothing to say.
    var log: SkillLog?
    /// Told of the end, unless somebody waits for a start, who is told instead.
    var onEnd: @Sendable (RunnerEnd) -> Void
    var isAwaited = true
    /// A caller has read the end of the socket, or what the runner must die for.
    var isDoomed = false
  }

  private let child: RunnerChild
  private let wake: Descriptor
  private let started = Mailbox<Result<Void, SkillRefusal>>()
  private let state: Mutex<State>

  /// Starts a runner and waits until it is in its sandbox, ready for a skill.
  ///
  /// `onEnd` is called once, when the process is gone, unless the start fails or the runner is given a skill.
  static func start(
    executable: String, startBudget: Duration, onEnd: @escaping @Sendable (RunnerEnd) -> Void = { _ in }
  ) async throws(SkillRefusal) -> RunnerProcess {
    // Before the child: once there is one, somebody has to bury it.
    guard let wake = Descriptor(linux_eventfd()) else { throw SkillRefusal(.hostFailure, "no descriptor for a runner") }
    let child = try await RunnerChild.start(executable: executable)
    let runner = RunnerProcess(child: child, wake: wake, startBudget: startBudget, onEnd: onEnd)
    let thread = Thread { runner.watch() }
    thread.name = "skill-runner"
    thread.start()
    try await runner.started.next().get()
    return runner
  }

  /// Gives the skill to a runner that is ready, and waits until it is loaded. The runner is of no more use when that fails.
  ///
  /// `onEnd` is called once, when the process is gone, unless loading fails.
  func load(
    _ image: SkillImage, budget: Duration, log: SkillLog, onEnd: @escaping @Sendable (RunnerEnd) -> Void
  ) async throws(SkillRefusal) {
    let descriptor: Descriptor
    do throws(SkillRefusal) {
      descriptor = try image.reopened()
    } catch {
      stop()
      throw error
    }
    let isReady = state.withLock { state in
      guard !state.isStopping, state.session.load(budget: budget, now: .now) else { return false }
      state.log = log
      state.onEnd = onEnd
      state.isAwaited = true
      let packet = Frame(kind: OC_FRAME_IMAGE, hasMore: false, call: 0, payload: []).packet
      // What cannot be sent to a dead runner is no matter: the thread finds out by itself.
      _ = packet.withUnsafeBytes {
        linux_send_descriptor(child.socket.number, $0.baseAddress, $0.count, descriptor.number)
      }
      return true
    }
    withExtendedLifetime(descriptor) {}
    guard isReady else { throw SkillRefusal(.hostFailure, "the runner ended before it had a skill") }
    wakeUp()
    try await started.next().get()
  }

  private init(child: RunnerChild, wake: Descriptor, startBudget: Duration, onEnd: @escaping @Sendable (RunnerEnd) -> Void) {
    self.child = child
    self.wake = wake
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let session = RunnerSession(now: .now, startBudget: startBudget, processors: processors)
    state = Mutex(State(session: session, onEnd: onEnd))
  }

  /// Whether it may be given a skill.
  var isReady: Bool {
    state.withLock { $0.session.isReady && !$0.isStopping }
  }

  /// Whether a call may begin. Nobody reads the socket between calls, so what the runner has said unasked is noticed here.
  var isIdle: Bool {
    if state.withLock({ $0.session.isIdle }), receive() { doom() }
    return state.withLock { $0.session.isIdle && !$0.isStopping && !$0.isDoomed }
  }

  /// Makes one call and answers what the skill asks meanwhile. The caller sees to it that there is one call at a time.
  func call(
    _ invocation: SkillInvocation, clock: WallClock, answer: @Sendable (CapabilityQuestion) async -> CapabilityAnswer
  ) async throws(ToolError) -> JSON {
    let events = Mailbox<CallEvent>()
    guard let id = begin(invocation, clock, events) else { throw ToolError(.unavailable, "the skill's runner is not ready") }
    let outcome = await withTaskCancellationHandler {
      await CallThreads.shared.run {
        while true {
          switch await next(events) {
          case .finish(let outcome): return outcome
          case .ask(let question): send(await answer(question), to: id)
          }
        }
      }
    } onCancel: {
      cancel(id)
    }
    let reply = try outcome.get()
    do throws(ToolError) {
      return try invocation.decode(reply.result, pieces: reply.pieces)
    } catch {
      if error.code == .protocolError { stop() }
      throw error
    }
  }

  /// Kills the child, whatever it is doing. Returns at once.
  func stop() {
    state.withLock { $0.isStopping = true }
    wakeUp()
  }

  // MARK: The caller's side

  private func begin(_ invocation: SkillInvocation, _ clock: WallClock, _ events: Mailbox<CallEvent>) -> UInt64? {
    let message = invocation.message(deadline: clock.now().advanced(by: invocation.timeout))
    return state.withLock { state in
      let now = ContinuousClock.now
      guard !state.isStopping else { return nil }
      guard let id = state.session.begin(timeout: invocation.timeout, maximumResult: invocation.maximumResult, now: now) else {
        return nil
      }
      state.call = events
      send(Frame.packets(kind: OC_FRAME_CALL, call: id, message: message), &state)
      return id
    }
  }

  /// The next event of the call in flight, read from the socket by this thread, which blocks.
  private func next(_ events: Mailbox<CallEvent>) async -> CallEvent {
    while true {
      if let event = events.take() { return event }
      var polled = pollfd(fd: child.socket.number, events: Int16(POLLIN), revents: 0)
      poll(&polled, 1, -1)
      guard receive() else { continue }
      // The last word is the thread's, once it knows how the process ended.
      doom()
      return await events.next()
    }
  }

  /// The thread is to end it all.
  private func doom() {
    state.withLock { $0.isDoomed = true }
    wakeUp()
  }

  private func send(_ answer: CapabilityAnswer, to id: UInt64) {
    var message: [UInt8] = []
    message.appendInteger(answer.status)
    message.appendInteger(UInt32(0))
    message += answer.body
    state.withLock { state in
      guard state.session.answer(id) else { return }
      send(Frame.packets(kind: OC_FRAME_ANSWER, call: id, message: message), &state)
    }
  }

  private func cancel(_ id: UInt64) {
    let actions = state.withLock { $0.session.cancel(id, now: .now) }
    for case .raiseCancel(let call) in actions { child.cancelPage.raise(call) }
    wakeUp()
  }

  /// Sends what fits and leaves the rest to the thread; wakes the thread if it would sleep past what it has to do.
  private func send(_ packets: [[UInt8]], _ state: inout State) {
    state.outbox += packets
    flush(&state)
    let isPunctual = state.sleepsUntil.flatMap { until in state.session.wakeAt.map { until <= $0 } } ?? false
    if !state.outbox.isEmpty || !isPunctual { wakeUp() }
  }

  private func flush(_ state: inout State) {
    while let packet = state.outbox.first {
      let sent = packet.withUnsafeBytes {
        Glibc.send(child.socket.number, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
      }
      if sent < 0 && errno == EINTR { continue }
      if sent < 0 && errno == EAGAIN { return }
      // Any other error means that the runner is gone, which the thread finds out by itself.
      state.outbox.removeFirst()
    }
  }

  private func wakeUp() {
    var one: UInt64 = 1
    _ = write(wake.number, &one, 8)
  }

  // MARK: The thread's side

  private func watch() {
    var isOver = false
    var logIsOpen = true
    while !isOver {
      let (timeout, reads, wantsToSend, log) = state.withLock { state in
        // An old deadline is kept: waking once for nothing is cheaper than being woken for each call.
        if let wakeAt = state.session.wakeAt {
          state.sleepsUntil = wakeAt
        } else if let until = state.sleepsUntil, until <= .now {
          state.sleepsUntil = nil
        }
        return (Self.milliseconds(until: state.sleepsUntil), !state.session.isServing, !state.outbox.isEmpty, state.log)
      }
      let wanted = (reads ? Int16(POLLIN) : 0) | (wantsToSend ? Int16(POLLOUT) : 0)
      var polled = [
        pollfd(fd: wanted == 0 ? -1 : child.socket.number, events: wanted, revents: 0),
        pollfd(fd: log != nil && logIsOpen ? child.log.number : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: child.pidfd.number, events: Int16(POLLIN), revents: 0),
      ]
      poll(&polled, 4, timeout)
      if polled[2].revents != 0 { drainWake() }
      if polled[1].revents != 0, let log { logIsOpen = log.forward(from: child.log) }
      if polled[0].revents & Int16(bitPattern: ~UInt16(POLLOUT)) != 0 { isOver = receive() }
      isOver = step(hasEnded: polled[3].revents != 0) || isOver
    }
    bury()
  }

  /// Reads what has come, a bounded amount of it. True when the runner is to be buried.
  private func receive() -> Bool {
    withUnsafeTemporaryAllocation(byteCount: Int(OC_FRAME_MAX), alignment: 8) { buffer in
      for _ in 0..<64 {
        guard let actions = readPacket(buffer) else { return true }
        if perform(actions.list) { return true }
        if actions.isLast { return false }
      }
      return false
    }
  }

  /// Reads one packet and what follows from it. Nil at the end of the socket. Caller and thread may read at the same time: taking
  /// a packet and hearing it is one step.
  private func readPacket(_ buffer: UnsafeMutableRawBufferPointer) -> (list: [RunnerSession.Action], isLast: Bool)? {
    state.withLock { state in
      var size: Int
      repeat {
        size = recv(child.socket.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT | MSG_TRUNC))
      } while size < 0 && errno == EINTR
      if size < 0 && errno == EAGAIN { return ([], true) }
      // An empty packet is no frame; it looks like the end and is treated as one.
      guard size > 0 else { return nil }
      guard size <= buffer.count else { return (state.session.violated("a packet over \(OC_FRAME_MAX) bytes"), false) }
      do throws(ProtocolViolation) {
        let frame = try Frame(packet: UnsafeRawBufferPointer(rebasing: buffer[..<size]))
        let actions = state.session.receive(frame, now: .now)
        // After its result or a question a runner waits: no need to ask whether there is more.
        return (actions, state.session.isIdle || state.session.isAsking)
      } catch {
        return (state.session.violated(error.reason), false)
      }
    }
  }

  /// Everything that is due besides reading. True when it is over.
  private func step(hasEnded: Bool) -> Bool {
    let actions = state.withLock { state in
      flush(&state)
      return state.isStopping ? state.session.stop() : state.session.tick(now: .now)
    }
    return perform(actions) || hasEnded || state.withLock { $0.isDoomed }
  }

  /// True when the runner is to be killed.
  private func perform(_ actions: [RunnerSession.Action]) -> Bool {
    var isOver = false
    for action in actions {
      switch action {
      case .ready, .loaded:
        state.withLock { $0.isAwaited = false }
        started.send(.success(()))
      case .startFailed(let refusal): started.send(.failure(refusal))
      case .ask(let question): state.withLock { $0.call }?.send(.ask(question))
      case .finish(let outcome): state.withLock { $0.call.take() }?.send(.finish(outcome))
      case .raiseCancel(let call): child.cancelPage.raise(call)
      case .measure: isOver = measure() || isOver
      case .log(let level, let line): state.withLock { $0.log }?.write(line, level: level)
      case .kill: isOver = true
      }
    }
    return isOver
  }

  /// True when the runner has used what is not its own.
  private func measure() -> Bool {
    guard let time = child.processorTime else { return false }
    return perform(state.withLock { $0.session.measured(time, now: .now) })
  }

  /// Kills what may still live, reads what is left, and says how it ended.
  private func bury() {
    let wasStopped = linux_is_stopped(child.pidfd.number)
    _ = linux_pidfd_kill(child.pidfd.number)
    var how = linux_exit()
    let exit = linux_reap(child.pidfd.number, &how) == 0 ? how.name : "ended"
    // The last words lie in socket and pipe still. Their writer is gone, so there is an end to them; but neither need be closed,
    // because a skill can send its own end of the pipe along in a packet that nobody takes out.
    while !receive(), Self.hasInput(child.socket) {}
    if let log = state.withLock({ $0.log }) {
      while Self.hasInput(child.log), log.forward(from: child.log) {}
      log.flush()
    }
    let (actions, end, onEnd) = state.withLock { state in
      let (actions, end) = state.session.ended(exit, wasStopped: wasStopped)
      return (actions, end, state.isAwaited ? nil : state.onEnd)
    }
    // First the books, then the callers: the next call is to see what this one did.
    onEnd?(end)
    _ = perform(actions)
  }

  private static func hasInput(_ descriptor: Descriptor) -> Bool {
    var polled = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    return poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLIN) != 0
  }

  private func drainWake() {
    var count: UInt64 = 0
    _ = read(wake.number, &count, 8)
  }

  private static func milliseconds(until instant: ContinuousClock.Instant?) -> Int32 {
    guard let instant else { return -1 }
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: instant).components
    // Rounded up, so that what is due is due when the thread wakes.
    return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
  }
}

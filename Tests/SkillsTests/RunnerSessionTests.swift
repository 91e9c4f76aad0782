import Core
import SkillLoader
import Testing

@testable import Skills

@Suite("The protocol with a runner")
struct RunnerSessionTests {
  private static let allProtections: UInt32 = 0x1ff
  private let start = ContinuousClock.now

  private func hello(_ protections: UInt32 = allProtections, major: UInt32 = 1) -> Frame {
    var payload: [UInt8] = []
    for word in [major, 0, protections, 7] { payload.appendInteger(word) }
    return Frame(kind: OC_FRAME_HELLO, hasMore: false, call: 0, payload: payload)
  }

  private func result(_ call: UInt64, status: Int32 = 0, text: String = "") -> Frame {
    var payload: [UInt8] = []
    payload.appendInteger(status)
    payload.appendInteger(UInt32(0))
    payload.appendInteger(UInt64(0))
    payload.appendInteger(UInt32(text.utf8.count))
    payload.appendInteger(UInt32(0))
    return Frame(kind: OC_FRAME_RETURN, hasMore: false, call: call, payload: payload + Array(text.utf8))
  }

  private func request(_ call: UInt64, _ name: String = "clock", _ json: String = "{}") -> Frame {
    var payload: [UInt8] = []
    payload.appendInteger(UInt16(name.utf8.count))
    payload.appendInteger(UInt16(0))
    payload.appendInteger(UInt32(json.utf8.count))
    return Frame(kind: OC_FRAME_REQUEST, hasMore: false, call: call, payload: payload + Array((name + json).utf8))
  }

  private func piece(_ call: UInt64, _ text: String) -> Frame {
    Frame(kind: OC_FRAME_PIECE, hasMore: false, call: call, payload: Array(text.utf8))
  }

  private func loading() -> RunnerSession {
    var session = RunnerSession(now: start, startBudget: .seconds(2))
    #expect(session.receive(hello(), now: start) == [.ready])
    #expect(session.isReady && session.wakeAt == nil)
    let isLoading = session.load(budget: .seconds(2), now: start)
    let isLoadingTwice = session.load(budget: .seconds(2), now: start)
    #expect(isLoading && !isLoadingTwice)
    return session
  }

  private func loaded() -> RunnerSession {
    var session = loading()
    #expect(session.receive(Frame(kind: OC_FRAME_LOADED, hasMore: false, call: 0, payload: []), now: start) == [.loaded])
    return session
  }

  private func calling() throws -> (RunnerSession, UInt64) {
    var session = loaded()
    let call = session.begin(timeout: .seconds(1), maximumResult: 8, now: start)
    return (session, try #require(call))
  }

  private func failure(_ actions: [RunnerSession.Action]) -> ToolError.Code? {
    for case .finish(.failure(let error)) in actions { return error.code }
    return nil
  }

  @Test("a call gathers its pieces and ends with its result")
  func call() throws {
    var (session, call) = try calling()
    #expect(session.receive(piece(call, "{\"a\""), now: start) == [])
    #expect(session.receive(piece(call, ":1}"), now: start) == [])
    let actions = session.receive(result(call), now: start)
    guard case .finish(.success(let reply)) = actions.first else {
      Issue.record("no reply")
      return
    }
    #expect(reply.pieces == Array(#"{"a":1}"#.utf8))
    #expect(session.isIdle)
  }

  @Test("there is one call at a time, and none before the hello")
  func oneCall() throws {
    var session = RunnerSession(now: start, startBudget: .seconds(2))
    #expect(session.begin(timeout: .seconds(1), maximumResult: 1, now: start) == nil)
    var (busy, _) = try calling()
    #expect(busy.begin(timeout: .seconds(1), maximumResult: 1, now: start) == nil)
  }

  @Test(
    "a runner without a required protection gets no work",
    arguments: [(1, "no_new_privs"), (2, "resource limits"), (4, "seccomp"), (8 | 256, "Landlock")] as [(UInt32, String)])
  func protections(_ missing: UInt32, _ name: String) {
    var session = RunnerSession(now: start, startBudget: .seconds(2))
    #expect(session.receive(hello(Self.allProtections & ~missing), now: start) == [.kill])
    guard case .startFailed(let refusal) = session.ended("crashed: SIGKILL").actions.first else {
      Issue.record("started")
      return
    }
    #expect(refusal.code == .unprotected && refusal.message.contains(name))
  }

  @Test("a private root serves in place of Landlock")
  func chroot() {
    var session = RunnerSession(now: start, startBudget: .seconds(2))
    #expect(session.receive(hello(Self.allProtections & ~8), now: start) == [.ready])
  }

  @Test("no skill is given to a runner that has not said hello, and none is believed to be loaded that was not given")
  func order() {
    var session = RunnerSession(now: start, startBudget: .seconds(2))
    let isLoading = session.load(budget: .seconds(2), now: start)
    #expect(!isLoading)
    #expect(session.receive(Frame(kind: OC_FRAME_LOADED, hasMore: false, call: 0, payload: []), now: start) == [.kill])
    var ready = RunnerSession(now: start, startBudget: .seconds(2))
    _ = ready.receive(hello(), now: start)
    #expect(ready.receive(Frame(kind: OC_FRAME_LOADED, hasMore: false, call: 0, payload: []), now: start) == [.kill])
  }

  @Test("what fails before the hello is the machine's fault and not the skill's")
  func sandboxFails() {
    var refused = RunnerSession(now: start, startBudget: .seconds(2))
    let reason = Frame(kind: OC_FRAME_LOAD_FAILED, hasMore: false, call: 0, payload: Array("Landlock: not there".utf8))
    #expect(refused.receive(reason, now: start) == [.kill])
    var died = RunnerSession(now: start, startBudget: .seconds(2))
    var late = RunnerSession(now: start, startBudget: .seconds(2))
    #expect(late.tick(now: start + .seconds(2)) == [.kill])
    let outcomes = [refused.ended("crashed: SIGKILL"), died.ended("crashed: SIGSYS"), late.ended("crashed: SIGKILL")]
    let refusals = outcomes.compactMap { outcome -> SkillRefusal? in
      if case .startFailed(let refusal) = outcome.actions.first { refusal } else { nil }
    }
    #expect(refusals.map(\.code) == [.unprotected, .hostFailure, .hostFailure])
    #expect(refusals.first?.message.hasSuffix("Landlock: not there") == true)
    #expect(refusals.allSatisfy { !$0.isSkillsFault })
  }

  @Test("a runner that computes between calls dies of it, and no call with it")
  func greed() throws {
    var session = loaded()
    let due = start + ProcessorMeter.interval
    #expect(session.wakeAt == due)
    #expect(session.tick(now: due) == [.measure])
    #expect(session.measured(.milliseconds(900), now: due) == [])
    let begun = session.begin(timeout: .seconds(30), maximumResult: 8, now: due)
    let call = try #require(begun)
    let later = due + ProcessorMeter.interval
    #expect(session.wakeAt == later)
    #expect(session.tick(now: later) == [.measure])
    #expect(session.measured(.seconds(9), now: later) == [])
    guard case .finish(.success) = session.receive(result(call), now: later).first else {
      Issue.record("the call did not end")
      return
    }
    #expect(session.tick(now: later + ProcessorMeter.interval) == [.kill])
    #expect(session.ended("crashed: SIGKILL").end == .violated("used processor time between calls"))
  }

  @Test("a runner that was quiet for long is looked at soon after a call")
  func quietThenCalled() throws {
    var session = loaded()
    var now = start
    for _ in 0..<6 {
      now = try #require(session.wakeAt)
      #expect(session.tick(now: now) == [.measure])
      #expect(session.measured(.zero, now: now) == [])
    }
    #expect(session.wakeAt == now + ProcessorMeter.longestInterval)
    let begun = session.begin(timeout: .seconds(30), maximumResult: 8, now: now)
    #expect(begun != nil)
    #expect(session.wakeAt == now + ProcessorMeter.interval)
  }

  @Test("a library that takes too long to load is killed")
  func startTimeout() {
    var session = loading()
    #expect(session.wakeAt == start + .seconds(2))
    #expect(session.tick(now: start + .seconds(1)) == [])
    #expect(session.tick(now: start + .seconds(2)) == [.kill])
    let actions = session.ended("crashed: SIGKILL").actions
    #expect(actions == [.startFailed(SkillRefusal(.startTimedOut, "did not finish loading within 2.0 seconds"))])
  }

  @Test("a constructor that dies is named")
  func startCrash() {
    var session = loading()
    let (actions, _) = session.ended("crashed: SIGSEGV")
    #expect(actions == [.startFailed(SkillRefusal(.startFailed, "crashed: SIGSEGV while loading"))])
  }

  @Test("at the deadline comes the flag, then the kill")
  func deadline() throws {
    var (session, call) = try calling()
    #expect(session.wakeAt == start + .seconds(1))
    #expect(session.tick(now: start + .seconds(1)) == [.raiseCancel(call)])
    #expect(session.wakeAt == start + .seconds(1) + RunnerSession.grace)
    #expect(session.tick(now: start + .seconds(2)) == [.kill])
    #expect(session.tick(now: start + .seconds(3)) == [])
    let (actions, end) = session.ended("crashed: SIGKILL")
    #expect(failure(actions) == .killed)
    #expect(end == .overdue)
  }

  @Test("an answer within the grace still counts")
  func lateAnswer() throws {
    var (session, call) = try calling()
    _ = session.tick(now: start + .seconds(1))
    let actions = session.receive(result(call, status: 6, text: "stopped"), now: start + .seconds(1))
    #expect(actions.count == 1)
    #expect(session.isIdle)
  }

  @Test("a cancelled call is flagged once and then killed")
  func cancel() throws {
    var (session, call) = try calling()
    #expect(session.cancel(call + 1, now: start) == [])
    #expect(session.cancel(call, now: start) == [.raiseCancel(call)])
    #expect(session.cancel(call, now: start) == [])
    #expect(session.tick(now: start + RunnerSession.grace) == [.kill])
    #expect(failure(session.ended("crashed: SIGKILL").actions) == .cancelled)
  }

  @Test("a crash is told to the caller")
  func crash() throws {
    var (session, _) = try calling()
    let (actions, end) = session.ended("crashed: SIGSEGV")
    #expect(actions == [.finish(.failure(ToolError(.crashed, "the skill crashed: SIGSEGV during the call")))])
    #expect(end == .crashed("crashed: SIGSEGV"))
  }

  @Test("a request waits for its answer")
  func ask() throws {
    var (session, call) = try calling()
    #expect(session.receive(request(call), now: start) == [.ask(CapabilityQuestion(name: "clock", json: Array("{}".utf8)))])
    let isAnswered = session.answer(call)
    let isAnsweredTwice = session.answer(call)
    #expect(isAnswered && !isAnsweredTwice)
  }

  @Test("whatever the protocol does not allow kills")
  func violations() throws {
    let frames: [(String, (UInt64) -> [Frame])] = [
      ("a frame of unknown kind", { [Frame(kind: 99, hasMore: false, call: $0, payload: [])] }),
      ("a host's frame", { [Frame(kind: OC_FRAME_CALL, hasMore: false, call: $0, payload: [])] }),
      ("a second hello", { _ in [self.hello()] }),
      ("a result of another call", { [self.result($0 + 1)] }),
      ("a result that is too short", { [Frame(kind: OC_FRAME_RETURN, hasMore: false, call: $0, payload: [1, 2])] }),
      (
        "sizes that do not add up",
        { [Frame(kind: OC_FRAME_RETURN, hasMore: false, call: $0, payload: self.result(1).payload + [0])] }
      ),
      ("a reply over its limit", { [self.piece($0, "123456789")] }),
      ("a piece while a request waits", { [self.request($0), self.piece($0, "1")] }),
      ("a second request", { [self.request($0), self.request($0)] }),
      (
        "a message inside a message",
        {
          [Frame(kind: OC_FRAME_REQUEST, hasMore: true, call: $0, payload: [1]), self.result($0)]
        }
      ),
      ("an empty frame in the middle", { [Frame(kind: OC_FRAME_REQUEST, hasMore: true, call: $0, payload: [])] }),
      ("a log line of another call", { [Frame(kind: OC_FRAME_LOG, hasMore: false, call: $0 + 1, payload: [0, 0, 0, 0])] }),
    ]
    for (name, make) in frames {
      var (session, call) = try calling()
      let actions = make(call).flatMap { session.receive($0, now: start) }
      #expect(actions.last == .kill, "\(name)")
      let (last, end) = session.ended("crashed: SIGKILL")
      #expect(failure(last) == .protocolError, "\(name)")
      guard case .violated = end else {
        Issue.record("\(name): \(end)")
        continue
      }
    }
  }

  @Test("a message out of a call kills an idle runner")
  func unexpected() {
    var session = loaded()
    #expect(session.receive(result(1), now: start) == [.kill])
  }

  @Test("random frames never leave a dead session alive nor finish a call twice")
  func randomWalk() throws {
    var generator = SplitMix(seed: 7)
    for _ in 0..<2000 {
      var (session, call) = try calling()
      var finished = 0
      for _ in 0..<6 {
        let kinds: [UInt16] = [
          OC_FRAME_HELLO, OC_FRAME_LOADED, OC_FRAME_PIECE, OC_FRAME_RETURN, OC_FRAME_REQUEST, OC_FRAME_LOG, 0,
        ]
        let kind = kinds[Int.random(in: kinds.indices, using: &generator)]
        let size = Int.random(in: 0...40, using: &generator)
        let payload = (0..<size).map { _ in UInt8.random(in: 0...3, using: &generator) }
        let frame = Frame(
          kind: kind, hasMore: Bool.random(using: &generator), call: Bool.random(using: &generator) ? call : 0, payload: payload)
        let wasDead = session.isOver
        let actions = session.receive(frame, now: start)
        #expect(!wasDead || actions.isEmpty)
        for case .finish in actions { finished += 1 }
      }
      for case .finish in session.ended("exited with status 0").actions { finished += 1 }
      #expect(finished == 1)
      #expect(session.isOver)
    }
  }

  @Test("a packet is a header and what it announces")
  func packets() throws {
    let frame = Frame(kind: 7, hasMore: true, call: 3, payload: [1, 2])
    #expect(try frame.packet.withUnsafeBytes { try Frame(packet: $0) } == frame)
    for length in 0..<frame.packet.count {
      #expect(throws: ProtocolViolation.self) { try frame.packet.prefix(length).withUnsafeBytes { try Frame(packet: $0) } }
    }
    var flagged = frame.packet
    flagged[2] = 2
    #expect(throws: ProtocolViolation.self) { try flagged.withUnsafeBytes { try Frame(packet: $0) } }
  }

  @Test("a long message is cut into frames that add up", arguments: [0, 1, 65_520, 65_521, 200_000])
  func cuts(_ size: Int) throws {
    let message = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
    let frames = try Frame.packets(kind: 1, call: 9, message: message).map { try $0.withUnsafeBytes { try Frame(packet: $0) } }
    #expect(frames.flatMap(\.payload) == message)
    #expect(frames.map(\.hasMore) == Array(repeating: true, count: frames.count - 1) + [false])
  }
}

/// A generator that gives the same numbers every time.
struct SplitMix: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

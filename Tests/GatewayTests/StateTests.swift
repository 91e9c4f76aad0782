import NIOCore
import NIOWebSocket
import Testing

@testable import Gateway

@Suite("Connection states")
struct StateTests {
  static let limits = ConnectionState.Limits(idle: .seconds(30), body: .seconds(10), write: .seconds(20), linger: .seconds(2))

  static func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds) }

  @Test("An idle connection closes after the idle time, counted from the last answer")
  func idle() {
    var state = ConnectionState(limits: Self.limits, now: Self.at(0))
    #expect(state.timerFired(at: Self.at(29)) == .wait(until: Self.at(30)))
    state.headRead(at: Self.at(29))
    state.endRead()
    #expect(state.timerFired(at: Self.at(100)) == .wait(until: Self.at(130)))
    #expect(state.answerEnded(at: Self.at(101)) == .proceed)
    #expect(state.timerFired(at: Self.at(130)) == .wait(until: Self.at(131)))
    #expect(state.timerFired(at: Self.at(131)) == .close)
  }

  @Test("A body has its time from the head on; the request fails once, then the linger time runs")
  func body() {
    var state = ConnectionState(limits: Self.limits, now: Self.at(0))
    state.headRead(at: Self.at(5))
    #expect(state.timerFired(at: Self.at(14)) == .wait(until: Self.at(15)))
    #expect(state.timerFired(at: Self.at(15)) == .failRequest)
    #expect(state.timerFired(at: Self.at(15)) == .wait(until: Self.at(45)))
    #expect(state.answerEnded(at: Self.at(16)) == .proceed)
    state.outputClosed(at: Self.at(16))
    #expect(state.timerFired(at: Self.at(17)) == .wait(until: Self.at(18)))
    #expect(state.timerFired(at: Self.at(18)) == .close)
  }

  @Test("A peer that does not read is dropped after the write time")
  func unwritable() {
    var state = ConnectionState(limits: Self.limits, now: Self.at(0))
    state.headRead(at: Self.at(0))
    state.endRead()
    state.writabilityChanged(false, at: Self.at(1))
    #expect(state.timerFired(at: Self.at(20)) == .wait(until: Self.at(21)))
    state.writabilityChanged(true, at: Self.at(20))
    #expect(state.timerFired(at: Self.at(21)) == .wait(until: Self.at(51)))
    state.writabilityChanged(false, at: Self.at(30))
    #expect(state.timerFired(at: Self.at(50)) == .close)
  }

  @Test("Shutdown closes an idle connection at once, a busy one after its last answer")
  func quiesce() {
    var idle = ConnectionState(limits: Self.limits, now: Self.at(0))
    #expect(idle.quiesce() == true)
    var busy = ConnectionState(limits: Self.limits, now: Self.at(0))
    for _ in 0..<2 {
      busy.headRead(at: Self.at(1))
      busy.endRead()
    }
    #expect(busy.quiesce() == false)
    #expect(busy.answerEnded(at: Self.at(2)) == .proceed)
    #expect(busy.answerEnded(at: Self.at(2)) == .closeOutput)
  }

  // MARK: WebSocket

  static func socket() -> SocketState { SocketState(configuration: SocketConfiguration(), now: at(0)) }

  static func frame(_ opcode: WebSocketOpcode, _ payload: [UInt8] = [], final: Bool = true, masked: Bool = true) -> WebSocketFrame
  {
    let mask: WebSocketMaskingKey = [1, 2, 3, 4]
    var data = ByteBuffer(bytes: payload)
    if masked { data.webSocketMask(mask) }
    return WebSocketFrame(fin: final, opcode: opcode, maskKey: masked ? mask : nil, data: data)
  }

  @Test("A silent socket is pinged once, and dropped when no answer comes")
  func pings() {
    var state = Self.socket()
    #expect(state.timerFired(at: Self.at(59)) == .wait(until: Self.at(60)))
    #expect(state.timerFired(at: Self.at(60)) == .sendPing(next: Self.at(80)))
    state.heard(at: Self.at(70))
    #expect(state.timerFired(at: Self.at(80)) == .wait(until: Self.at(130)))
    #expect(state.timerFired(at: Self.at(130)) == .sendPing(next: Self.at(150)))
    #expect(state.timerFired(at: Self.at(150)) == .disconnect)
  }

  @Test("The peer's close is echoed once; nothing after it counts")
  func peerCloses() {
    var state = Self.socket()
    #expect(state.receive(Self.frame(.connectionClose, [0x03, 0xe9]), at: Self.at(1)) == .finish(echo: 1001))
    #expect(state.receive(Self.frame(.text, [0x7b, 0x7d]), at: Self.at(1)) == .none)
    #expect(state.receive(Self.frame(.connectionClose), at: Self.at(1)) == .none)
    #expect(state.close(code: 1000, reason: "", at: Self.at(1)) == .none)
    #expect(state.timerFired(at: Self.at(5)) == .disconnect)
  }

  @Test("After our close the peer's messages still count until its own; after a violation none does")
  func weClose() {
    var state = Self.socket()
    #expect(state.close(code: 1001, reason: "bye", at: Self.at(1)) == .sendClose(code: 1001, reason: "bye"))
    #expect(!state.isOpen)
    #expect(state.receive(Self.frame(.text, [0x7b, 0x7d]), at: Self.at(2)) == .deliver([0x7b, 0x7d]))
    #expect(state.receive(Self.frame(.ping), at: Self.at(2)) == .none)
    #expect(state.receive(Self.frame(.text, masked: false), at: Self.at(2)) == .none)
    #expect(state.receive(Self.frame(.text, [0x7b, 0x7d]), at: Self.at(2)) == .none)
    #expect(state.timerFired(at: Self.at(5)) == .wait(until: Self.at(6)))
    #expect(state.timerFired(at: Self.at(6)) == .disconnect)
    #expect(state.receive(Self.frame(.connectionClose), at: Self.at(2)) == .finish(echo: nil))
  }

  @Test("A close code that must not be sent becomes 1000", arguments: [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535])
  func closeCodes(code: UInt16) {
    var state = Self.socket()
    #expect(state.close(code: code, reason: "", at: Self.at(1)) == .sendClose(code: 1000, reason: ""))
  }

  @Test("A message is the same wherever it is cut into fragments")
  func fragments() {
    let text = Array("{\"a\":\"长 \u{1F600} é\"}".utf8)
    for first in 0...text.count {
      for second in first...text.count {
        var assembler = FrameAssembler(maximumMessage: text.count)
        #expect(assembler.receive(Self.frame(.text, Array(text[..<first]), final: false)) == .incomplete)
        #expect(assembler.receive(Self.frame(.continuation, Array(text[first..<second]), final: false)) == .incomplete)
        #expect(assembler.receive(Self.frame(.continuation, Array(text[second...]))) == .text(text))
      }
    }
  }

  @Test("Any sequence of frames leaves the state machine in order", arguments: 0..<50)
  func randomWalk(seed: UInt64) {
    var random = SplitMix(state: seed)
    var state = SocketState(configuration: SocketConfiguration(), now: Self.at(0))
    var closesSent = 0
    var isFinished = false
    for step in 0..<200 {
      let opcode = WebSocketOpcode(encodedWebSocketOpcode: UInt8(random.next() % 16)) ?? .text
      let payload = (0..<(random.next() % 130)).map { _ in UInt8(truncatingIfNeeded: random.next() % 128) }
      let frame = Self.frame(opcode, payload, final: random.next() % 4 > 0, masked: random.next() % 16 > 0)
      let action =
        random.next() % 64 == 0
        ? state.close(code: UInt16(truncatingIfNeeded: random.next()), reason: "", at: Self.at(Int64(step)))
        : state.receive(frame, at: Self.at(Int64(step)))
      switch action {
      case .sendClose(let code, _), .finish(echo: .some(let code)):
        closesSent += 1
        #expect(FrameAssembler.isValidCloseCode(code))
      case .deliver: #expect(!isFinished)
      case .sendPong: #expect(closesSent == 0)
      case .none, .finish(echo: .none): break
      }
      if case .finish = action {
        #expect(!isFinished)
        isFinished = true
      }
      #expect(closesSent <= 1)
      #expect(state.isOpen == (closesSent == 0 && !isFinished))
    }
  }
}

/// A small generator with a seed, so that a failing walk can be walked again.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

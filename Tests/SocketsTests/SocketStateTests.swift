import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import Sockets

@Suite("The state of a WebSocket")
struct SocketStateTests {
  static func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(1_000_000_000_000) + .seconds(seconds) }

  static func socket() -> SocketState { SocketState(configuration: SocketConfiguration(), end: .server, now: at(0)) }

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
        var assembler = FrameAssembler(end: .server, maximumMessage: text.count)
        #expect(assembler.receive(Self.frame(.text, Array(text[..<first]), final: false)) == .incomplete)
        #expect(assembler.receive(Self.frame(.continuation, Array(text[first..<second]), final: false)) == .incomplete)
        #expect(assembler.receive(Self.frame(.continuation, Array(text[second...]))) == .text(text))
      }
    }
  }

  @Test("Any sequence of frames leaves the state machine in order", arguments: 0..<50)
  func randomWalk(seed: UInt64) {
    var random = SplitMix(state: seed)
    var state = SocketState(configuration: SocketConfiguration(), end: .server, now: Self.at(0))
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

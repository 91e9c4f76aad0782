import NIOCore
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
}

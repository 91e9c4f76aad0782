import SkillLoader

@testable import Skills

/// What a runner sends: packets cut out of the input go through frame decoder, assembler and session, with calls in between.
func fuzzFrames(_ input: UnsafeRawBufferPointer) -> CInt {
  let now = ContinuousClock.now
  var session = RunnerSession(now: now, startBudget: .seconds(1))
  var position = 0
  // One byte says what happens, two how long a packet is, and the packet follows.
  while position + 3 <= input.count {
    let what = input[position]
    let length = Int(input[position + 1]) | Int(input[position + 2]) << 8
    position += 3
    switch what & 3 {
    case 0 where session.load(budget: .seconds(1), now: now):
      _ = session.receive(Frame(kind: OC_FRAME_LOADED, hasMore: false, call: 0, payload: []), now: now)
    case 0: _ = session.begin(timeout: .seconds(1), maximumResult: 1 << 16, now: now)
    case 1: _ = session.answer(UInt64(what >> 2))
    case 2:
      let later = now + .milliseconds(Int(what) * 20)
      if session.tick(now: later) == [.measure] { _ = session.measured(.milliseconds(length), now: later) }
    default:
      let end = min(position + length, input.count)
      if let frame = try? Frame(packet: UnsafeRawBufferPointer(rebasing: input[position..<end])) {
        precondition(frame.packet.elementsEqual(input[position..<end]), "a frame does not encode to what it was decoded from")
        _ = session.receive(frame, now: now)
      }
      position = end
    }
  }
  _ = session.ended("ended")
  precondition(session.isOver)
  return 0
}

import Storage
import TestSupport
import Testing

@testable import Agent

@Suite("Whose turn it is")
struct WorkSlotsTests {
  @Test("one slot is kept for urgent events, unless there is only one")
  func reserve() {
    var slots = WorkSlots(limit: 3, toolLimit: .max)
    for _ in 0..<2 {
      #expect(slots.classes == [.urgent, .ordinary])
      slots.begin(.ordinary, tool: nil)
    }
    #expect(slots.classes == [.urgent])
    slots.begin(.urgent, tool: nil)
    #expect(slots.classes == [])
    slots.end(.ordinary, tool: nil)
    #expect(slots.classes == [.urgent, .ordinary])
    #expect(WorkSlots(limit: 1, toolLimit: .max).classes == [.urgent, .ordinary])
  }

  @Test("urgent events may use every slot")
  func urgent() {
    var slots = WorkSlots(limit: 3, toolLimit: .max)
    for _ in 0..<3 {
      #expect(slots.classes.contains(.urgent))
      slots.begin(.urgent, tool: nil)
    }
    #expect(slots.classes == [])
  }

  @Test("of four events in a row one is ordinary when one is due, and urgent ones go on when none is")
  func turns() {
    var slots = WorkSlots(limit: 8, toolLimit: .max)
    for _ in 0..<3 {
      #expect(slots.classes.first == .urgent)
      slots.claimed(.urgent)
    }
    #expect(slots.classes == [.ordinary, .urgent])
    slots.claimed(.urgent)
    #expect(slots.classes == [.ordinary, .urgent])
    slots.claimed(.ordinary)
    #expect(slots.classes == [.urgent, .ordinary])
  }

  @Test("no tool has more events than its limit, and each that ends makes room")
  func tools() {
    var slots = WorkSlots(limit: 8, toolLimit: 2)
    for _ in 0..<2 {
      #expect(slots.hasRoom(for: "slow"))
      slots.begin(.ordinary, tool: "slow")
    }
    #expect(!slots.hasRoom(for: "slow"))
    #expect(slots.hasRoom(for: "other"))
    #expect(slots.hasRoom(for: nil))
    slots.end(.ordinary, tool: "slow")
    #expect(slots.hasRoom(for: "slow"))
  }

  @Test("whatever comes and goes, the counts never pass the limits, and end at nothing", arguments: 0..<20)
  func walk(seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let (limit, toolLimit) = (Int.random(in: 1...6, using: &random), Int.random(in: 1...3, using: &random))
    var slots = WorkSlots(limit: limit, toolLimit: toolLimit)
    var running: [(kind: EventClass, tool: String?)] = []
    for _ in 0..<500 {
      let tool = ["a", "b", nil].randomElement(using: &random) ?? nil
      if Bool.random(using: &random), let kind = slots.classes.first, slots.hasRoom(for: tool) {
        slots.claimed(kind)
        slots.begin(kind, tool: tool)
        running.append((kind, tool))
      } else if !running.isEmpty {
        let ended = running.remove(at: Int.random(in: running.indices, using: &random))
        slots.end(ended.kind, tool: ended.tool)
      }
      #expect(running.count == slots.inFlight && running.count <= limit)
      #expect(limit == 1 || running.count { $0.kind == .ordinary } < limit)
      for tool in ["a", "b"] { #expect(running.count { $0.tool == tool } <= toolLimit) }
    }
    for ended in running { slots.end(ended.kind, tool: ended.tool) }
    #expect(slots.inFlight == 0)
    #expect(slots.hasRoom(for: "a") && slots.hasRoom(for: "b"))
  }
}

import Approvals
import Core
import Policy
import Storage
import TestSupport
import Testing

@testable import Agent

@Suite("Calls that are too long for chat (T8)")
struct ConsoleApprovalTests {
  private static let long = String(repeating: "x", count: 7_000)

  @Test("are not approved in chat, by nobody, and may be denied there")
  func notInChat() async throws {
    let robot = try Robot()
    let code = try await robot.ask("/note \(Self.long)")
    #expect(try await robot.say("/approve \(code)", as: "admin")?.contains("openclaw approvals show \(code)") == true)
    #expect(try await robot.say("/approve \(code)", as: "bob")?.contains("No open request") == true)
    #expect(try await robot.press("/approve \(code)", as: "admin")?.contains("openclaw approvals") == true)
    #expect(try await robot.state(code) == .pending)
    #expect(try await robot.runOnce() == false)
    try await robot.say("/deny \(code)", as: "admin")
    #expect(try await robot.state(code) == .denied)
  }

  @Test("run once after the operator's word at the console, which stands for every gate")
  func atConsole() async throws {
    let robot = try Robot(gates: "default_write: { approvers: [admin], quorum: 2 }\n")
    let code = try await robot.ask("/note \(Self.long)")
    let approvals = robot.approvals
    guard case .decided = try await robot.store.write({ try approvals.decideAtConsole(.approve, code: code, in: $0) }) else {
      Issue.record("not decided")
      return
    }
    #expect(try await robot.runOnce())
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.count == 1)
    guard case .decidedBefore = try await robot.store.write({ try approvals.decideAtConsole(.approve, code: code, in: $0) })
    else {
      Issue.record("decided twice")
      return
    }
    guard case .unknownCode = try await robot.store.write({ try approvals.decideAtConsole(.deny, code: "00000000", in: $0) })
    else {
      Issue.record("decided nothing")
      return
    }
  }

  @Test("the operator's word does not outweigh rules, mode and build")
  func stillAsked() async throws {
    let robot = try Robot()
    let code = try await robot.ask("/note \(Self.long)")
    let approvals = robot.approvals
    _ = try await robot.store.write { try approvals.decideAtConsole(.approve, code: code, in: $0) }
    robot.policy.setMode(.readOnly)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(code) == .invalidated)
  }
}

@Suite("Pressed buttons (T18)")
struct PressTests {
  private func press(_ data: String, as sender: String, by robot: Robot) async throws -> PressOutcome? {
    let press = ButtonPress(interactionID: "i", buttonID: nil, mustBeAcknowledged: true)
    return try await robot.happen(.button(press), data, as: sender)?.press
  }

  @Test("tell whoever pressed whether it was taken, decided before, or not theirs to decide")
  func outcomes() async throws {
    let robot = try Robot(gates: "default_write: { approvers: [admin], quorum: 2 }\n")
    let code = try await robot.ask()
    #expect(try await press("/approve \(code)", as: "bob", by: robot) == .refused)
    #expect(try await press("/approve \(code)", as: "alice", by: robot) == .refused)
    #expect(try await press("/approve \(code)", as: "admin", by: robot) == .taken)
    #expect(try await press("/approve \(code)", as: "admin", by: robot) == .repeated)
    #expect(try await press("/deny \(code)", as: "carol", by: robot) == .taken)
    #expect(try await press("/approve \(code)", as: "carol", by: robot) == .repeated)
    #expect(try await press("/approve 00000000", as: "carol", by: robot) == .refused)
    #expect(robot.toolbox.calls.isEmpty)
  }
}

import Audit
import Core
import Logging
import Policy
import Storage
import TestSupport
import Testing

@testable import Agent

@Suite("The mode")
struct ModeTests {
  @Test("an admin sets it in chat, nobody else, and it is in force once the store has it")
  func set() async throws {
    let robot = try Robot()
    #expect(try await robot.say("/mode read_only", as: "bob") == "Only an admin can set the mode.")
    #expect(try await robot.say("/mode nonsense", as: "admin")?.hasPrefix("usage: /mode") == true)
    let keeper = ModeKeeper(
      store: robot.store, policy: robot.policy, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    try await keeper.follow()
    #expect(robot.policy.mode == .normal)
    #expect(try await robot.say("/mode read_only", as: "admin") == "mode read_only")
    try await keeper.follow()
    #expect(robot.policy.mode == .readOnly)
    #expect(try await robot.say("/mode normal", as: "admin") == "mode normal")
    try await keeper.follow()
    #expect(robot.policy.mode == .normal)
    #expect(try await AuditVerifier.verify(robot.store).defect == nil)
  }

  @Test("what was locked down is not opened in chat")
  func lockdown() async throws {
    let robot = try Robot()
    #expect(try await robot.say("/mode lockdown", as: "admin") == "mode lockdown")
    #expect(try await robot.say("/mode normal", as: "admin")?.contains("openclaw mode normal") == true)
    #expect(try await robot.store.read { try ModeKeeper.mode(in: $0) } == .lockdown)
  }
}

import Core
import Policy
import TestSupport
import Testing

@testable import Agent
@testable import Storage

@Suite("While the audit log cannot be written")
struct UnwitnessedTests {
  @Test("no write is asked for, approved or run, the mode is read_only, and all goes on once it can be written again")
  func refused() async throws {
    let robot = try Robot()
    let approved = try await robot.ask("/note milk")
    _ = try await robot.say("/approve \(approved)", as: "admin")
    let pending = try await robot.ask("/note bread")
    _ = try await robot.store.write {
      try $0.run("CREATE TRIGGER broken BEFORE INSERT ON audit_head BEGIN SELECT RAISE(ABORT, 'no room'); END", [])
    }
    for (text, sender) in [("/note butter", "alice"), ("/peek", "alice"), ("/approve \(pending)", "carol")] {
      await #expect(throws: StoreError.self, "\(text)") { try await robot.say(text, as: sender) }
    }
    #expect(robot.policy.mode == .readOnly)
    await #expect(throws: StoreError.self) { try await robot.runOnce() }
    #expect(robot.toolbox.calls.map(\.tool.name) == ["peek"])
    #expect(try await robot.state(approved) == .approved)
    #expect(try await robot.state(pending) == .pending)
    #expect(try await robot.outbox() == [])

    _ = try await robot.store.write { try $0.run("DROP TRIGGER broken", []) }
    #expect(try await robot.say("/peek") == "done")
    #expect(robot.policy.mode == .normal)
    #expect(try await robot.runOnce())
    #expect(try await robot.state(approved) == .succeeded)
  }
}

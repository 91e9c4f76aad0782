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

  private func keeper(_ robot: Robot, _ store: Store? = nil, policy: PolicyEngine? = nil) -> ModeKeeper {
    ModeKeeper(
      store: store ?? robot.store, policy: policy ?? robot.policy, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
  }

  private func meet(_ names: String..., by robot: Robot) async throws {
    for name in names {
      let chat = Conversation(channel: "main", account: "bot", scene: Scene(.private, name))
      try await robot.store.write { try $0.noteAdminChat(of: "playground:\(name)", in: chat) }
    }
  }

  @Test("a change is told once to every admin but the one who made it, however many instances there are")
  func announced() async throws {
    let robot = try Robot()
    try await meet("admin", "bob", "carol", by: robot)
    let other = keeper(robot, try robot.temporary.reopened(clock: robot.clock))
    try await keeper(robot).announce()
    #expect(try await robot.messages().isEmpty)
    try await robot.say("/mode read_only", as: "admin")
    for keeper in [keeper(robot), other, keeper(robot), other] { try await keeper.announce() }
    let told = try await robot.messages()
    #expect(told.map(\.conversation.scene.id) == ["carol"])
    #expect(
      told.first?.content.text.contains("read_only now: tools that write are denied. It was set by playground:admin.") == true)
    // The same again is no change.
    try await robot.say("/mode read_only", as: "admin")
    try await other.announce()
    #expect(try await robot.messages().isEmpty)
  }

  @Test("what the operator sets at the console, or the service sets itself, is told to all of them, with why")
  func announcedForOperator() async throws {
    let robot = try Robot()
    try await meet("admin", "carol", by: robot)
    let trail = robot.trail
    try await robot.store.write { try ModeKeeper.set(.explainOnly, by: nil, in: $0, audit: trail) }
    try await keeper(robot).announce()
    let told = try await robot.messages()
    #expect(told.map(\.conversation.scene.id).sorted() == ["admin", "carol"])
    #expect(told.allSatisfy { $0.content.text.contains("set by the operator") })
    try await robot.store.write { try ModeKeeper.set(.readOnly, by: nil, because: "the disk is bad", in: $0, audit: trail) }
    // As long as there are no rules nobody is an admin; it is told when there are.
    try await keeper(robot, policy: PolicyEngine()).announce()
    #expect(try await robot.messages().isEmpty)
    try await keeper(robot).announce()
    let second = try await robot.messages()
    #expect(second.count == 2)
    #expect(second.allSatisfy { $0.content.text.contains("by the service itself, because the disk is bad") })
  }

  @Test("a refusal says in words that it is the mode; where nothing runs, also what would have come of it")
  func words() async throws {
    let robot = try Robot()
    robot.policy.setMode(.readOnly)
    #expect(
      try await robot.say("/note milk")?.contains("(read_only): the robot is read-only at present, and this tool writes.") == true
    )
    robot.policy.setMode(.explainOnly)
    #expect(
      try await robot.say("/peek")?.contains("(explain_only): nothing runs at present. Otherwise it would run now.") == true)
    #expect(try await robot.say("/note milk")?.contains("Otherwise it would wait for consent: default_write.") == true)
    robot.policy.setMode(.lockdown)
    #expect(try await robot.say("/peek")?.contains("(lockdown): the robot is locked down at present.") == true)
    #expect(robot.toolbox.calls.isEmpty)
    #expect(try await robot.store.read { try $0.writeCalls(in: .pending).isEmpty })
  }
}

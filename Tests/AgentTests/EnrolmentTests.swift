import Audit
import Core
import Logging
import Policy
import ServiceLifecycle
import TestSupport
import Testing

@testable import Agent
@testable import Storage

@Suite("Enrolment", .timeLimit(.minutes(5)))
struct EnrolmentTests {
  private func issue(_ robot: Robot, to person: String = "ann", roles: [String] = ["admin"]) async throws -> String {
    let enrolment = Enrolment(audit: robot.trail)
    return try await robot.store.write { try enrolment.issue(to: person, roles: roles, in: $0).code }
  }

  private func follow(_ robot: Robot) async throws {
    try await PeopleKeeper(store: robot.store, policy: robot.policy, logger: robot.logger).follow()
  }

  private func kinds(_ robot: Robot) async throws -> [String] {
    try await robot.store.read { transaction in
      try transaction.auditRows(after: 0, limit: 1_000).compactMap { try JSON(parsing: $0.head)["kind"]?.string }
    }
  }

  @Test("a code makes exactly the account that says it the person, once, with the roles of the command line")
  func enrols() async throws {
    let robot = try Robot()
    let code = try await issue(robot)
    #expect(!robot.policy.subject("playground:bob").isAdmin)
    #expect(try await robot.say("/enroll \(code.lowercased())", as: "bob")?.contains("This account is ann") == true)
    try await follow(robot)
    let bob = robot.policy.subject("playground:bob")
    #expect(bob.person == "ann" && bob.roles == ["admin", "member"])
    #expect(robot.policy.subject("playground:bobby").person == nil)
    #expect(try await robot.say("/enroll \(code)", as: "eve") == "That code cannot be used.")
    try await follow(robot)
    #expect(robot.policy.subject("playground:eve").person == nil)

    // A second account of the same person: nobody approves for themselves by another account.
    let second = try await issue(robot)
    _ = try await robot.say("/enroll \(second)", as: "bob2", in: Scene(.group, "2"))
    try await follow(robot)
    #expect(robot.policy.subject("playground:bob2").principal == robot.policy.subject("playground:bob").principal)
    #expect(
      try await kinds(robot) == [
        "admin.code_issued", "admin.enrolled", "admin.refused", "admin.code_issued", "admin.enrolled",
      ])
    #expect(try await AuditVerifier.verify(robot.store).defect == nil)
  }

  @Test("a code is worth nothing after a quarter of an hour")
  func expires() async throws {
    let robot = try Robot()
    let code = try await issue(robot)
    robot.box.advance(.seconds(15 * 60))
    #expect(try await robot.say("/enroll \(code)", as: "bob") == "That code cannot be used.")
    try await follow(robot)
    #expect(robot.policy.subject("playground:bob").person == nil)
  }

  @Test("after five wrong tries a sender is not listened to for half an hour, and other senders are")
  func guessing() async throws {
    let robot = try Robot()
    let code = try await issue(robot)
    for _ in 0..<5 {
      #expect(try await robot.say("/enroll 00000000-00000000", as: "eve") == "That code cannot be used.")
    }
    #expect(try await robot.say("/enroll \(code)", as: "eve") == "That code cannot be used.")
    #expect(try await robot.say("/enroll \(code)", as: "bob")?.contains("This account is ann") == true)
    robot.box.advance(.seconds(30 * 60))
    let later = try await issue(robot, to: "eve")
    #expect(try await robot.say("/enroll \(later)", as: "eve")?.contains("This account is eve") == true)
  }

  @Test("an account that is somebody's stays theirs, whether the file or a code made it so; the code is used up")
  func taken() async throws {
    let robot = try Robot()
    var code = try await issue(robot, to: "mallory")
    #expect(try await robot.say("/enroll \(code)", as: "admin")?.hasPrefix("This account is root already") == true)
    #expect(try await robot.say("/enroll \(code)", as: "bob") == "That code cannot be used.")
    code = try await issue(robot)
    _ = try await robot.say("/enroll \(code)", as: "bob")
    code = try await issue(robot, to: "mallory")
    #expect(try await robot.say("/enroll \(code)", as: "bob")?.hasPrefix("This account is ann already") == true)
  }

  @Test("revoking an account, or a person with all accounts and codes, takes effect")
  func revokes() async throws {
    let robot = try Robot()
    for name in ["bob", "bob2", "bob3"] { _ = try await robot.say("/enroll \(try await issue(robot))", as: name) }
    let waiting = try await issue(robot)
    let enrolment = Enrolment(audit: robot.trail)
    #expect(try await robot.store.write { try enrolment.revoke("playground:bob", in: $0) } == (1, 0))
    try await follow(robot)
    #expect(robot.policy.subject("playground:bob").person == nil)
    #expect(robot.policy.subject("playground:bob2").isAdmin)
    #expect(try await robot.store.write { try enrolment.revoke("ann", in: $0) } == (2, 1))
    try await follow(robot)
    #expect(!robot.policy.subject("playground:bob2").isAdmin)
    #expect(try await robot.say("/enroll \(waiting)", as: "bob") == "That code cannot be used.")
    #expect(try await robot.store.write { try enrolment.revoke("ann", in: $0) } == (0, 0))
  }

  @Test("an approval given by a person who was revoked meanwhile counts no more")
  func revokedApprover() async throws {
    let robot = try Robot()
    _ = try await robot.say("/enroll \(try await issue(robot))", as: "bob")
    try await follow(robot)
    let code = try await robot.ask()
    _ = try await robot.say("/approve \(code)", as: "bob")
    let enrolment = Enrolment(audit: robot.trail)
    _ = try await robot.store.write { try enrolment.revoke("ann", in: $0) }
    try await follow(robot)
    _ = try await robot.runOnce()
    #expect(robot.toolbox.calls.isEmpty)
  }

  @Test(
    "is refused unless the code is the whole message",
    arguments: ["", " ", "CODE", "00000000", "00000000-00000000 please", "00000000-0000000U"])
  func form(_ rest: String) async throws {
    let robot = try Robot()
    #expect(try await robot.say("/enroll \(rest)", as: "bob")?.hasPrefix("usage: /enroll CODE") == true)
    #expect(try await kinds(robot).isEmpty)
  }

  @Test("the code is in no audit record and, once it was worked on, not in the journal either")
  func forgotten() async throws {
    let robot = try Robot()
    let code = try await issue(robot)
    let event = ChatEvent.sample("enrols", "/enroll \(code)", from: "bob", mention: false)
    _ = try await Inbox(store: robot.store, limit: 10, onAccepted: {}).accept(event)
    let (commits, committed) = AsyncStream.makeStream(of: Void.self)
    let worker = EventWorker(
      store: robot.store, agent: robot.agent, concurrency: 1, wakeup: Wakeup(), onCommit: { committed.yield() },
      logger: robot.logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: robot.logger))
    async let running: Void = group.run()
    for await _ in commits { break }
    await group.triggerGracefulShutdown()
    try await running
    try await follow(robot)
    #expect(robot.policy.subject("playground:bob").person == "ann")
    let bodies = try await robot.store.read { try $0.rows("SELECT body FROM event", []).map { try $0["body"] as String } }
    #expect(bodies == [""])
    let written = try await robot.store.read { try $0.auditRows(after: 0, limit: 100) }
    #expect(written.count == 2)
    let words = written.map { $0.head + ($0.body?.text ?? "") }.joined()
    #expect(!words.contains(code.prefix(8)))
  }

  @Test(
    "what the platform calls a group's owner or administrator grants nothing", arguments: [Sender.PlatformRole.admin, .owner])
  func ranks(_ rank: Sender.PlatformRole) async throws {
    let robot = try Robot()
    #expect(try await say("/mode read_only", as: rank, to: robot) == "Only an admin can set the mode.")
    let code = try await robot.ask()
    #expect(try await say("/approve \(code)", as: rank, to: robot)?.hasPrefix("No open request") == true)
    #expect(try await robot.state(code) == .pending)
  }

  private func say(_ text: String, as rank: Sender.PlatformRole, to robot: Robot) async throws -> String? {
    let sample = ChatEvent.sample("by rank", text, from: "bob")
    let event = ChatEvent(
      requestID: RequestID(), receivedAt: sample.receivedAt, conversation: sample.conversation,
      sender: Sender(id: sample.sender.id, name: "bob", role: rank), messageID: "by rank", text: text, mentions: sample.mentions,
      isPlain: true,
      dedupeKeys: ["by rank"])
    let conclusion = await robot.agent.conclude(event)
    return try await robot.store.write { try conclusion($0)?.content.text }
  }
}

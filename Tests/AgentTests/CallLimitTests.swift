import Approvals
import Audit
import Core
import Policy
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

@Suite("Limits on calls", .timeLimit(.minutes(5)))
struct CallLimitTests {
  private static func robot(_ limits: String, rules: String = "", on kind: StoreKind = .sqlite) throws -> Robot {
    try Robot(adding: ["limits.yaml": limits, "20-more.cedar": rules], on: kind)
  }

  private static let unattended = """
    @id("free") permit (principal in Role::"member", action == Action::"auto", resource == Tool::"note");
    """

  @Test(
    "a read beyond its rate is refused with a time, is audited as throttled, and runs again later", arguments: StoreKind.tested)
  func reads(kind: StoreKind) async throws {
    let robot = try Self.robot("- { match: peek, per: user, rate: 2/1m }", on: kind)
    #expect(try await robot.say("/peek") == "done")
    #expect(try await robot.say("/peek") == "done")
    #expect(try await robot.say("/peek")?.hasPrefix("peek: too often; try again in 30 s. Request ") == true)
    #expect(robot.toolbox.calls.count == 2)
    #expect(try await robot.say("/peek", as: "bob") == "done")
    let heads = try await robot.store.read { try $0.auditRows(after: 0, limit: 100).map { try JSON(parsing: $0.head) } }
    #expect(heads.count { $0["outcome"] == "throttled" && $0["reason"] == "limit peek" } == 1)
    robot.box.advance(.seconds(30))
    #expect(try await robot.say("/peek") == "done")
  }

  @Test("a restart does not refill an allowance", arguments: StoreKind.tested)
  func restart(kind: StoreKind) async throws {
    let robot = try Self.robot("- { match: peek, per: all, cooldown: 90s }", on: kind)
    #expect(try await robot.say("/peek") == "done")
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    #expect(try await robot.say("/peek", as: "bob")?.contains("try again in 90 s") == true)
  }

  @Test("a write beyond its rate opens no gate")
  func writes() async throws {
    let robot = try Self.robot("- { match: effect/write, per: user, cooldown: 10m }")
    let code = try await robot.ask()
    // What only waits takes nothing.
    let second = try await robot.ask("/note bread")
    try await robot.say("/approve \(code)", as: "admin")
    #expect(try await robot.runOnce())
    #expect(try await robot.say("/note eggs")?.contains("note: too often; try again in 10 min") == true)
    let pending = try await robot.store.read { try $0.writeCalls(in: .pending).map(\.code) }
    #expect(pending == [second])
  }

  @Test("an approved write beyond its limit waits for its turn, and the worker knows when that is")
  func turn() async throws {
    let robot = try Self.robot("- { match: note, per: all, cooldown: 60s }", rules: Self.unattended)
    try await robot.say("/note a")
    try await robot.say("/note b", as: "bob")
    #expect(try await robot.runOnce())
    #expect(try await robot.runOnce() == false)
    let approvals = robot.approvals
    let next = try await robot.store.read { try approvals.nextDeadline(in: $0) }
    #expect(next == robot.box.now().advanced(by: .seconds(60)))
    robot.box.advance(.seconds(60))
    #expect(try await robot.runOnce())
    #expect(robot.toolbox.calls.count == 2)
  }

  @Test("no more writes run at once than their limit says, whoever claims them", arguments: StoreKind.tested)
  func concurrentWrites(kind: StoreKind) async throws {
    let robot = try Self.robot("- { match: note, per: all, concurrency: 1 }", rules: Self.unattended, on: kind)
    try await robot.say("/note a")
    try await robot.say("/note b", as: "bob")
    let approvals = robot.approvals
    let first = try #require(try await robot.store.write { try approvals.claim(in: $0).claim })
    let other = try robot.temporary.reopened(clock: robot.clock)
    #expect(try await other.write { try approvals.claim(in: $0).claim } == nil)
    try other.close()
    try await robot.store.write { try approvals.finish(first, with: .success("x"), in: $0) }
    #expect(try await robot.store.write { try approvals.claim(in: $0).claim } != nil)
  }

  @Test("no more reads run at once than their limit says; one that ended makes room")
  func concurrentReads() async throws {
    let robot = try Self.robot("- { match: slow, per: scene, concurrency: 1 }")
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    let (released, release) = AsyncStream.makeStream(of: Void.self)
    robot.toolbox.add("slow", .read) { _ in
      enter.yield()
      for await _ in released { break }
      return "slept"
    }
    let agent = robot.agent
    let running = Task { await agent.conclude(ChatEvent.sample("slow one", "/slow")) }
    for await _ in entered { break }
    #expect(try await robot.say("/slow", as: "bob")?.contains("too many of these run at the moment") == true)
    release.yield()
    _ = await running.value
    release.yield()
    #expect(try await robot.say("/slow", as: "bob") == "slept")
  }

  @Test("reads of a run of the service that is dead take no room", arguments: StoreKind.tested)
  func deadReads(kind: StoreKind) async throws {
    let robot = try Self.robot("- { match: peek, per: all, concurrency: 1 }", on: kind)
    let peek = try #require(robot.toolbox.tool(named: "peek"))
    let question = CallQuestion(
      requester: "playground:alice", tool: peek, arguments: [:],
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")), origin: .command,
      now: robot.box.now())
    let key = try #require(robot.policy.snapshot?.limits(on: question).first?.key)
    try await robot.store.write { try $0.beginRead(RequestID(), under: key) }
    #expect(try await robot.say("/peek")?.contains("too many") == true)
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    #expect(try await robot.say("/peek") == "done")
  }

  @Test("a rule on trial is recorded, and warns where it says so")
  func trial() async throws {
    let robot = try Robot(adding: [
      "20-more.cedar": """
      @id("watch") @mode("audit") forbid (principal, action == Action::"call", resource == Tool::"peek");
      @id("soon") @mode("warn") @description("closed from May on") forbid (principal, action == Action::"call", resource == Tool::"note");
      """
    ])
    #expect(try await robot.say("/peek") == "done")
    _ = try await robot.ask()
    #expect(try await robot.outbox() == ["note will soon be refused here: closed from May on"])
    let heads = try await robot.store.read { try $0.auditRows(after: 0, limit: 100).map { try JSON(parsing: $0.head) } }
    let trials = heads.filter { $0["kind"] == "call.trial" }
    #expect(trials.map { $0["rules"] } == [["watch"], ["soon"]] && trials.map { $0["outcome"] } == ["audit", "warn"])
  }
}

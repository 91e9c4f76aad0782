import Approvals
import Audit
import Core
import Foundation
import Logging
import Policy
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

@Suite("Write calls in chat")
struct WriteCallTests {
  @Test("a write waits for an admin, runs once after the approval, and its outcome answers the approving message")
  func approved() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.isEmpty)
    #expect(try await robot.say("/approve \(code)", as: "admin") == nil)
    #expect(try await robot.runOnce())
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.count == 1)
    #expect(try await robot.outbox() == ["noted milk"])
    #expect(try await robot.state(code) == .succeeded)
    #expect(try await AuditVerifier.verify(robot.store).defect == nil)
  }

  @Test("a pressed button is what its command typed would be: it runs for an admin, and for nobody else")
  func buttons() async throws {
    let robot = try Robot()
    let code = try await robot.ask(as: "admin")
    #expect(try await robot.press("/approve \(code)", as: "admin")?.contains("your own request") == true)
    let stranger = try await robot.press("/approve \(code)", as: "bob")
    #expect(stranger == (try await robot.say("/approve 00000000", as: "bob")))
    #expect(try await robot.press("approve \(code)", as: "carol") == nil)
    #expect(try await robot.state(code) == .pending)
    try await robot.press("/approve \(code)", as: "carol")
    #expect(try await robot.state(code) == .approved)
    let denied = try await robot.ask("/note bread")
    try await robot.press("/deny \(denied)", as: "carol")
    #expect(try await robot.state(denied) == .denied)
  }

  @Test("whoever lets the robot in is greeted; other notices lead to nothing")
  func greetings() async throws {
    let robot = try Robot()
    #expect(try await robot.happen(.notice(.botAdded))?.content.text.contains("/help") == true)
    #expect(try await robot.happen(.notice(.friendAdded))?.content.text.contains("/help") == true)
    for notice in [Notice.botRemoved, .friendRemoved, .unaskedRefused, .unaskedAllowed, .muted, .unmuted] {
      #expect(try await robot.happen(.notice(notice)) == nil)
    }
  }

  @Test("the requester cannot approve, by no account of theirs, and a stranger learns nothing")
  func notByRequester() async throws {
    let robot = try Robot()
    let code = try await robot.ask(as: "admin")
    #expect(try await robot.say("/approve \(code)", as: "admin")?.contains("your own request") == true)
    #expect(try await robot.say("/approve \(code)", as: "root2")?.contains("your own request") == true)
    let stranger = try await robot.say("/approve \(code)", as: "bob")
    #expect(stranger == (try await robot.say("/approve 00000000", as: "bob")))
    #expect(try await robot.state(code) == .pending)
    try await robot.say("/approve \(code)", as: "carol")
    #expect(try await robot.state(code) == .approved)
  }

  @Test("a denial is final")
  func denied() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    #expect(try await robot.say("/deny \(code)", as: "admin")?.contains("will not run") == true)
    #expect(try await robot.say("/approve \(code)", as: "carol")?.contains("denied") == true)
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.isEmpty)
  }

  @Test("a request expires, also when it was approved too late to run")
  func expires() async throws {
    let robot = try Robot()
    let first = try await robot.ask()
    robot.box.advance(.seconds(901))
    #expect(try await robot.say("/approve \(first)", as: "admin")?.contains("decided before") == true)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(first) == .expired)
    let second = try await robot.ask()
    try await robot.say("/approve \(second)", as: "admin")
    robot.box.advance(.seconds(301))
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(second) == .expired)
    #expect(robot.toolbox.calls.isEmpty)
    #expect(try await robot.outbox().count == 2)
  }

  @Test("a pending request survives a restart")
  func restart() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    try await robot.say("/approve \(code)", as: "admin")
    #expect(try await robot.runOnce())
    #expect(robot.toolbox.calls.map(\.arguments) == [["text": "milk"]])
  }

  @Test("a claim without a result becomes unknown at the next start, is told, and never runs again")
  func interrupted() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "admin")
    let approvals = robot.approvals
    _ = try await robot.store.write { try approvals.claim(in: $0) }
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    #expect(try await robot.store.write { try approvals.settleInterrupted(in: $0) } == 1)
    #expect(try await robot.state(code) == .unknown)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.outbox().first?.contains("outcome unknown") == true)
    #expect(try await robot.say("/resolve \(code) done", as: "bob")?.contains("No open request") == true)
    #expect(try await robot.say("/resolve \(code) done", as: "admin")?.contains("succeeded") == true)
    #expect(robot.toolbox.calls.isEmpty)
  }

  @Test("a build that changed after the approval does not run")
  func changedBuild() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "admin")
    robot.toolbox.add("note", .write, build: "bbbb")
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(code) == .invalidated)
    #expect(robot.toolbox.calls.isEmpty)
  }

  @Test("read-only mode between approval and run stops it")
  func modeChange() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "admin")
    robot.policy.setMode(.readOnly)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(code) == .invalidated)
    #expect(try await robot.say("/note more")?.contains("read_only") == true)
    #expect(try await robot.say("/peek") == "done")
  }

  @Test("the same call asked twice joins the first request")
  func joined() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    #expect(try await robot.say("/note milk")?.contains(code) == true)
    #expect(try await robot.say("/note eggs")?.contains("[approval]") == true)
  }

  @Test("a write is refused at once when nobody could approve it")
  func nobody() async throws {
    let robot = try Robot(people: "people:\n  - { name: root, roles: [admin], ids: [\"playground:admin\"] }\n")
    #expect(try await robot.say("/note x", as: "admin")?.contains("no") == true)
    #expect(try await robot.store.read { try $0.writeCalls(in: .pending).isEmpty })
  }

  @Test(
    "a lost result is unknown, a clear failure is a failure", arguments: [ToolError.Code.crashed, .killed, .badArgument, .skill])
  func failures(code: ToolError.Code) async throws {
    let robot = try Robot()
    robot.toolbox.add("note", .write, parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text") {
      _ throws(ToolError) in throw ToolError(code, "no luck")
    }
    let request = try await robot.ask()
    try await robot.say("/approve \(request)", as: "admin")
    #expect(try await robot.runOnce())
    let lost = ToolError(code, "").isEffectUnknown
    #expect(try await robot.state(request) == (lost ? .unknown : .failed))
    #expect(try await robot.runOnce() == false)
  }

  @Test("an admin can settle what an unattended call left unknown, also when its skill is gone")
  func unattendedUnknown() async throws {
    let robot = try Robot()
    let event = ChatEvent.sample("unattended", "/gone", from: "alice")
    let tool = Tool(
      name: "gone", skill: "org.example", build: "aaaa", summary: "", effect: .write, parameters: [], rest: nil)
    let call = ToolCall(
      tool: tool, arguments: [:], requestID: event.requestID, requester: event.sender.id, idempotencyKey: "gone")
    let approvals = robot.approvals
    let code = try await robot.store.write { transaction -> String? in
      guard case .running(var record) = try approvals.open(call, asked: event, gates: [], rules: [], in: transaction),
        record.apply(.claimed)
      else { return nil }
      record.boot = "earlier"
      try transaction.update(record)
      _ = try approvals.settleInterrupted(in: transaction)
      return record.code
    }
    let known = try #require(code)
    #expect(try await robot.say("/pending", as: "admin")?.contains(known) == true)
    #expect(try await robot.say("/resolve \(known) done", as: "bob")?.contains("No open request") == true)
    #expect(try await robot.say("/resolve \(known) done", as: "admin")?.contains("succeeded") == true)
  }

  @Test("an approval lapses when the approver turns out to be the requester before the run")
  func mergedPerson() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "carol")
    let people = "people:\n  - { name: second, roles: [admin], ids: [\"playground:carol\", \"playground:alice\"] }\n"
    let approvals = Approvals(
      policy: try PolicyEngine.shipped(people: people + "defaults: { everyone: [member] }\n"),
      audit: AuditTrail(key: Data(repeating: 1, count: 32)), toolbox: robot.toolbox)
    #expect(try await robot.store.write { try approvals.claim(in: $0).claim == nil })
    // One admin is left, who is the requester: there is nobody to ask again.
    #expect(try await robot.state(code) == .invalidated)
  }

  @Test("the runner tells about a commit that said something, and about no other")
  func announces() async throws {
    let robot = try Robot()
    let told = Mutex(0)
    let runner = WriteCallRunner(
      store: robot.store, approvals: robot.approvals, toolbox: robot.toolbox, wakeup: Wakeup(),
      onCommit: { told.withLock { $0 += 1 } },
      log: ToolCallLog(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, isEnabled: false),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let code = try await robot.ask()
    #expect(await runner.nextClaim().map(\.record.code) == nil)
    #expect(told.withLock { $0 } == 0)
    try await robot.say("/approve \(code)", as: "admin")
    robot.policy.setMode(.readOnly)
    #expect(await runner.nextClaim().map(\.record.code) == nil)
    #expect(told.withLock { $0 } == 1)
    robot.policy.setMode(.normal)
    let second = try await robot.ask("/note eggs")
    robot.box.advance(.seconds(901))
    #expect(await runner.nextClaim().map(\.record.code) == nil)
    #expect(try await robot.state(second) == .expired)
    #expect(told.withLock { $0 } == 2)
    let third = try await robot.ask("/note tea")
    try await robot.say("/approve \(third)", as: "admin")
    #expect(await runner.nextClaim()?.record.code == third)
  }

  @Test("an approval that quotes or carries something is not taken")
  func decorated() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    let quoting = ChatEvent(
      requestID: RequestID(), receivedAt: robot.clock.now(),
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")),
      sender: Sender(id: "playground:admin", name: "admin"), messageID: "q", text: "/approve \(code)",
      mentions: Mentions(bot: true), repliesTo: "other", dedupeKeys: ["q"])
    let conclusion = await robot.agent.conclude(quoting)
    _ = try await robot.store.write { try conclusion($0) }
    #expect(try await robot.say("/approve \(code) please", as: "admin")?.contains("usage") == true)
    #expect(try await robot.state(code) == .pending)
  }

  @Test("other bots are not answered")
  func bots() async throws {
    let robot = try Robot()
    let event = ChatEvent(
      requestID: RequestID(), receivedAt: robot.clock.now(),
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.private, "x")),
      sender: Sender(id: "playground:alice", name: "alice", isBot: true), messageID: "b", text: "/peek", dedupeKeys: ["b"])
    let conclusion = await robot.agent.conclude(event)
    #expect(try await robot.store.write { try conclusion($0) } == nil)
    #expect(robot.toolbox.calls.isEmpty)
  }
}

import Approvals
import Audit
import Core
import Foundation
import Logging
import Policy
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// An agent with the shipped rules and one write tool, on a clock that the test turns.
private final class Robot {
  let box = TimeBox()
  let toolbox = FakeToolbox()
  let policy: PolicyEngine
  let temporary: TemporaryStore
  var store: Store
  let clock: WallClock
  private let trail = AuditTrail(key: Data(repeating: 1, count: 32))
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  private let ids = Mutex(0)

  init(people: String = PolicyEngine.twoAdmins) throws {
    policy = try PolicyEngine.shipped(people: people)
    let box = box
    clock = WallClock { box.now() }
    temporary = try TemporaryStore(clock: clock)
    store = temporary.store
    toolbox.add("note", .write, parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text") { call in
      .string("noted \(call.arguments["text"]?.string ?? "")")
    }
    toolbox.add("peek", .read)
  }

  var approvals: Approvals { Approvals(policy: policy, audit: trail, toolbox: toolbox) }

  var agent: CommandAgent {
    CommandAgent(
      chats: ChatRules(), policy: policy, approvals: approvals, toolbox: toolbox, audit: trail,
      log: ToolCallLog(logger: logger, isEnabled: false), store: store)
  }

  /// Says something and returns the immediate reply.
  @discardableResult
  func say(_ text: String, as sender: String = "alice", in scene: Scene = Scene(.group, "1")) async throws -> String? {
    let id = ids.withLock { count in
      count += 1
      return "message \(count)"
    }
    let event = ChatEvent.sample(id, text, from: sender, in: scene)
    let conclusion = await agent.conclude(event)
    return try await store.write { try conclusion($0)?.content.text }
  }

  /// Lets something other than a message happen and returns the immediate reply.
  @discardableResult
  func happen(_ kind: ChatEvent.Kind, _ text: String = "", as sender: String = "alice") async throws -> AgentReply? {
    let sample = ChatEvent.sample("event", from: sender)
    let event = ChatEvent(
      requestID: RequestID(), receivedAt: sample.receivedAt, kind: kind, conversation: sample.conversation, sender: sample.sender,
      messageID: "event", text: text, dedupeKeys: ["event"])
    let conclusion = await agent.conclude(event)
    return try await store.write { try conclusion($0) }
  }

  /// Presses a button that carries `data`.
  @discardableResult
  func press(_ data: String, as sender: String) async throws -> String? {
    let press = ButtonPress(interactionID: "i", buttonID: nil, mustBeAcknowledged: true)
    return try await happen(.button(press), data, as: sender)?.content.text
  }

  /// Asks for a note and returns the code of the card.
  func ask(_ text: String = "/note milk", as sender: String = "alice") async throws -> String {
    let card = try #require(try await say(text, as: sender))
    let line = try #require(card.split(separator: "\n").first)
    #expect(line.hasPrefix("[approval] "))
    return String(line.dropFirst("[approval] ".count).prefix(8))
  }

  /// One round of the runner: expire, claim, call, finish. Returns whether something ran.
  func runOnce() async throws -> Bool {
    let approvals = approvals
    let claim = try await store.write { transaction in
      _ = try approvals.expire(in: transaction)
      return try approvals.claim(in: transaction).claim
    }
    guard let claim else { return false }
    let result: Result<String, ToolError>
    do throws(ToolError) {
      result = .success(ToolResultText.text(of: try await toolbox.call(claim.call)))
    } catch {
      result = .failure(error)
    }
    try await store.write { try approvals.finish(claim, with: result, in: $0) }
    return true
  }

  func state(_ code: String) async throws -> WriteCall.State? {
    try await store.read { try $0.writeCall(code: code)?.state }
  }

  /// Texts in the outbox, oldest first.
  func outbox() async throws -> [String] {
    try await store.write { transaction in
      var texts: [String] = []
      while let next = try transaction.claimMessages(limit: 1).first {
        texts.append(next.message.content.text)
        try transaction.markSent(next.message, platformID: nil)
      }
      return texts
    }
  }
}

private final class TimeBox: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_800_000_000))
  func now() -> Timestamp { time.withLock { $0 } }
  func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}

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

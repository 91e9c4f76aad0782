import Approvals
import Core
import Policy
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

extension Robot {
  /// Asks for a note, has it approved, and lets the run be lost. Returns its code.
  fileprivate func lost(as requester: String = "alice") async throws -> String {
    let isLost = Mutex(true)
    toolbox.add("note", .write, parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text") {
      _ throws(ToolError) in
      if isLost.withLock({ lost in
        defer { lost = false }; return lost
      }) {
        throw ToolError(.crashed, "it crashed")
      }
      return "noted"
    }
    let code = try await ask(as: requester)
    try await say("/approve \(code)", as: "carol")
    #expect(try await runOnce())
    #expect(try await state(code) == .unknown)
    return code
  }
}

@Suite("Calls of unknown outcome")
struct ResolveTests {
  @Test(
    "an admin who has looked settles one, once, and it is audited",
    arguments: [("done", WriteCall.State.succeeded), ("failed", .failed), ("DONE", .succeeded)])
  func settles(word: String, state: WriteCall.State) async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    #expect(try await robot.say("/resolve \(code) \(word)", as: "admin") == "\(code) (note) is \(state.rawValue).")
    #expect(try await robot.state(code) == state)
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.count == 1)
    #expect(try await robot.audited().count { $0 == "exec.resolved resolved_\(word.lowercased())" } == 1)
  }

  @Test("a retry runs it again as it was approved, under the same key, and its outcome answers the word of the admin")
  func retry() async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    _ = try await robot.outbox()
    #expect(try await robot.say("/resolve \(code) retry", as: "admin") == nil)
    #expect(try await robot.state(code) == .approved)
    #expect(try await robot.runOnce())
    #expect(try await robot.state(code) == .succeeded)
    #expect(robot.toolbox.calls.map(\.idempotencyKey) == [code, code])
    #expect(robot.toolbox.calls.map(\.arguments) == [["text": "milk"], ["text": "milk"]])
    #expect(try await robot.outbox() == ["noted"])
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.audited().suffix(3) == ["exec.resolved resolved_retry", "exec.claimed ", "exec.result done"])
  }

  @Test("a retry that is lost too is as unknown as before, and may be tried again")
  func lostAgain() async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    robot.toolbox.add("note", .write) { _ throws(ToolError) in throw ToolError(.killed, "it was killed") }
    for runs in 2...3 {
      try await robot.say("/resolve \(code) retry", as: "admin")
      #expect(try await robot.runOnce())
      #expect(try await robot.state(code) == .unknown)
      #expect(robot.toolbox.calls.count == runs)
    }
  }

  @Test(
    "who may not settle it learns no more than from a wrong code, and nothing changes", arguments: ["done", "failed", "retry"])
  func refused(word: String) async throws {
    let robot = try Robot()
    let code = try await robot.lost(as: "admin")
    let wrong = try await robot.say("/resolve 00000000 \(word)", as: "bob")
    #expect(wrong?.contains("No open request") == true)
    // A stranger, the requester under either id, and an admin who speaks in a chat that has nothing to do with it.
    for (sender, group) in [("bob", "1"), ("admin", "1"), ("root2", "1"), ("carol", "2")] {
      #expect(try await robot.say("/resolve \(code) \(word)", as: sender, in: Scene(.group, group)) == wrong)
    }
    #expect(try await robot.state(code) == .unknown)
    #expect(robot.toolbox.calls.count == 1)
    #expect(try await robot.audited().count { $0 == "approval.refused not_eligible" } == 3)
    #expect(
      try await robot.say("/resolve \(code) done", as: "carol", in: Scene(.private, "carol"))?.contains("succeeded") == true)
  }

  @Test(
    "in every other state there is nothing to resolve",
    arguments: WriteCall.State.allCases.filter { $0 != .unknown }, Approvals.Resolution.allCases)
  func otherStates(state: WriteCall.State, word: Approvals.Resolution) async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    try await robot.store.write { transaction in
      var record = try #require(try transaction.writeCall(code: code))
      record.state = state
      if [.claimed, .succeeded, .failed].contains(state) { record.boot = transaction.boot }
      try transaction.update(record)
    }
    let reply = try await robot.say("/resolve \(code) \(word.rawValue)", as: "admin")
    #expect(reply == "\(code) (note) is \(state.rawValue); there is nothing to resolve.")
    #expect(try await robot.state(code) == state)
    #expect(try await robot.audited().contains { $0.hasPrefix("exec.resolved") } == false)
  }

  @Test("of two admins who speak at once one is heard", arguments: [("retry", "retry"), ("done", "retry"), ("done", "failed")])
  func race(first: String, second: String) async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    let (agent, store) = (robot.agent, robot.store)
    let speak: @Sendable (String, String) async throws -> String? = { word, sender in
      let conclusion = await agent.conclude(.sample("word of \(sender)", "/resolve \(code) \(word)", from: sender))
      return try await store.write { try conclusion($0)?.content.text }
    }
    async let one = speak(first, "admin")
    async let other = speak(second, "carol")
    let replies = try await [one, other]
    #expect(replies.count { $0?.contains("nothing to resolve") == true } == 1)
    #expect(try await robot.audited().count { $0.hasPrefix("exec.resolved") } == 1)
    _ = try await robot.runOnce()
    #expect(robot.toolbox.calls.count <= 2)
    #expect(try await robot.state(code) != .unknown)
    #expect(try await robot.runOnce() == false)
  }

  @Test("a retry is refused when the call would not run any more, and the call stays unknown")
  func obstructed() async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    robot.toolbox.add("note", .write, build: "bbbb")
    #expect(try await robot.say("/resolve \(code) retry", as: "admin")?.contains("skill_changed") == true)
    #expect(try await robot.state(code) == .unknown)
    #expect(try await robot.runOnce() == false)
  }

  @Test("a retry is refused while the same call, asked for anew, is open")
  func openAnew() async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    let anew = try await robot.ask()
    #expect(try await robot.say("/resolve \(code) retry", as: "admin")?.contains("asked for anew as \(anew)") == true)
    #expect(try await robot.state(code) == .unknown)
    try await robot.say("/deny \(anew)", as: "admin")
    try await robot.say("/resolve \(code) retry", as: "admin")
    #expect(try await robot.state(code) == .approved)
  }

  @Test("a repeat that does not come about leaves the call unknown, and says so", arguments: [true, false])
  func putBack(expires: Bool) async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    try await robot.say("/resolve \(code) retry", as: "admin")
    _ = try await robot.outbox()
    if expires { robot.box.advance(.seconds(301)) } else { robot.policy.setMode(.readOnly) }
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(code) == .unknown)
    #expect(robot.toolbox.calls.count == 1)
    let told = try await robot.outbox()
    #expect(told.count == 1)
    #expect(told.first?.contains(expires ? "not repeated in time" : "read_only") == true)
  }

  @Test("admins are told once, where they can be reached, with what settles it; others are not")
  func told() async throws {
    let robot = try Robot()
    for name in ["admin", "bob"] { try await robot.meet(name) }
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "carol")
    // The card in the admin's own chat.
    #expect(try await robot.outbox().count == 1)
    let approvals = robot.approvals
    _ = try await robot.store.write { try approvals.claim(in: $0) }
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    for _ in 0..<2 { _ = try await robot.store.write { try approvals.settleInterrupted(in: $0) } }
    let messages = try await robot.messages()
    #expect(messages.map(\.conversation.scene) == [Scene(.group, "1"), Scene(.private, "admin")])
    for message in messages {
      #expect(message.content.text.contains("outcome unknown"))
      guard case .message(let content) = message.content else {
        Issue.record("no message")
        return
      }
      #expect(content.buttons.flatMap { $0 }.map(\.data) == ["done", "failed", "retry"].map { "/resolve \(code) \($0)" })
    }
  }

  @Test("what is unknown is counted in /status, and listed with its words in /pending, for those who may settle it")
  func shown() async throws {
    let robot = try Robot()
    #expect(try await robot.say("/status", as: "bob")?.contains("unknown outcome") == false)
    let code = try await robot.lost()
    #expect(try await robot.say("/status", as: "bob")?.contains("1 write calls of unknown outcome") == true)
    #expect(try await robot.say("/pending", as: "admin")?.contains("/resolve \(code) done, failed or retry") == true)
    #expect(try await robot.say("/pending", as: "bob") == "Nothing waits.")
    #expect(try await robot.say("/show \(code)", as: "admin")?.contains("unknown") == true)
  }

  @Test("a run that was given up and answers after all says what came of it, unless a repeat was ordered meanwhile")
  func late() async throws {
    for isRepeated in [false, true] {
      let robot = try Robot()
      let code = try await robot.ask()
      try await robot.say("/approve \(code)", as: "admin")
      let approvals = robot.approvals
      let stalled = robot.store
      let claim = try #require(try await stalled.write { try approvals.claim(in: $0).claim })
      robot.store = try robot.temporary.reopened(clock: robot.clock)
      _ = try await robot.store.write { try approvals.settleInterrupted(in: $0) }
      if isRepeated { try await robot.say("/resolve \(code) retry", as: "admin") }
      try await stalled.write { try approvals.finish(claim, with: .success("late"), in: $0) }
      #expect(try await robot.state(code) == (isRepeated ? .approved : .succeeded))
      #expect(try await robot.runOnce() == isRepeated)
    }
  }

  @Test("a word that quotes or carries something, or is not one of the three, is not taken")
  func decorated() async throws {
    let robot = try Robot()
    let code = try await robot.lost()
    for text in ["/resolve \(code)", "/resolve \(code) perhaps", "/resolve \(code) done now", "/resolve done \(code)"] {
      #expect(try await robot.say(text, as: "admin")?.hasPrefix("usage") == true)
    }
    let quoting = ChatEvent(
      requestID: RequestID(), receivedAt: robot.clock.now(),
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")),
      sender: Sender(id: "playground:admin", name: "admin"), messageID: "q", text: "/resolve \(code) done",
      mentions: Mentions(bot: true), repliesTo: "other", dedupeKeys: ["q"])
    let conclusion = await robot.agent.conclude(quoting)
    #expect(try await robot.store.write { try conclusion($0)?.content.text.hasPrefix("usage") } == true)
    #expect(try await robot.state(code) == .unknown)
  }
}

import Approvals
import Audit
import Core
import Foundation
import Policy
import TestSupport
import Testing

@testable import Agent
@testable import Storage

/// One rule each against somebody who wants a write to happen that nobody agreed to. Numbered as in docs/security.md.
@Suite("Threats to approvals")
struct ApprovalThreatTests {
  private static let lead = """
    people:
      - { name: root, roles: [owner, admin], ids: ["playground:admin"] }
      - { name: second, roles: [member], ids: ["playground:carol"] }
      - { name: third, roles: [admin], ids: ["playground:dave"] }
    defaults: { everyone: [member] }
    """
  private static let twoAdmins = "default_write: { approvers: [admin], quorum: 2 }\n"

  @Test("T1: a code that has decided once decides nothing more, and the same word said again is not a second one")
  func replay() async throws {
    let robot = try Robot(gates: Self.twoAdmins)
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "admin")
    #expect(try await robot.say("/approve \(code)", as: "admin")?.contains("counts already") == true)
    #expect(try await robot.state(code) == .pending)
    try await robot.say("/approve \(code)", as: "carol")
    #expect(try await robot.runOnce())
    for verb in ["approve", "deny"] {
      #expect(try await robot.say("/\(verb) \(code)", as: "carol")?.contains("decided before: succeeded") == true)
    }
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.count == 1)
    // The same call again is another request with another code, and a redelivered message is the same event.
    #expect(try await robot.ask() != code)
    #expect(try await robot.store.write { try $0.insert(ChatEvent.sample("m", keys: ["k"]), body: "{}").get() } == .accepted)
    #expect(try await robot.store.write { try $0.insert(ChatEvent.sample("m", keys: ["k"]), body: "{}").get() } != .accepted)
  }

  @Test("T3: arguments that were changed after the approval do not run")
  func changedArguments() async throws {
    let robot = try Robot()
    let code = try await robot.ask("/note milk")
    try await robot.say("/approve \(code)", as: "admin")
    _ = try await robot.store.write {
      try $0.run("UPDATE write_call SET arguments = ? WHERE code = ?", [#"{"text":"poison"}"#, code])
    }
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.isEmpty)
    #expect(try await robot.audited().contains("approval.invalidated digest_mismatch"))
  }

  @Test("T4: a skill that was swapped after the approval, or before it, does not run")
  func swappedSkill() async throws {
    let robot = try Robot()
    let (approved, pending) = (try await robot.ask("/note milk"), try await robot.ask("/note eggs"))
    try await robot.say("/approve \(approved)", as: "admin")
    robot.toolbox.add("note", .write, build: "bbbb")
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.say("/approve \(pending)", as: "admin")?.contains("skill_changed") == true)
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.isEmpty)
    #expect(try await robot.audited().count { $0 == "approval.invalidated skill_changed" } == 2)
  }

  @Test("T5: nobody approves their own request, by whatever account, and an account that turns out to be theirs has not either")
  func selfApproval() async throws {
    let robot = try Robot()
    let own = try await robot.ask(as: "admin")
    for account in ["admin", "root2"] {
      #expect(try await robot.say("/approve \(own)", as: account)?.contains("your own request") == true)
    }
    #expect(try await robot.state(own) == .pending)
    let code = try await robot.ask("/note eggs")
    try await robot.say("/approve \(code)", as: "carol")
    let merged = """
      people:
        - { name: root, roles: [owner, admin], ids: ["playground:admin"] }
        - { name: second, roles: [admin], ids: ["playground:carol", "playground:alice"] }
      defaults: { everyone: [member] }
      """
    try robot.policy.reloadShipped(people: merged)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(code) == .pending)
    #expect(robot.toolbox.calls.isEmpty)
    #expect(try await robot.audited().contains("approval.refused own_request"))
  }

  @Test("T6: an approver who lost the role has no say any more, neither now nor with the word that was given before")
  func lostRole() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    let deadline = try await robot.store.read { try $0.writeCall(code: code)?.expiresAt }
    try await robot.say("/approve \(code)", as: "carol")
    #expect(try await robot.state(code) == .approved)
    try robot.policy.reloadShipped(people: Self.lead)
    #expect(try await robot.runOnce() == false)
    let record = try #require(try await robot.store.read { try $0.writeCall(code: code) })
    #expect(record.state == .pending)
    #expect(record.expiresAt == deadline)
    #expect(try await robot.store.read { try $0.votes(on: record).map(\.voided) } == ["lapsed"])
    #expect(try await robot.audited().contains("approval.reopened votes_lapsed"))
    #expect(try await robot.say("/approve \(code)", as: "carol")?.contains("No open request") == true)
    // Whoever has the role again has to say it again.
    try robot.policy.reloadShipped()
    #expect(try await robot.runOnce() == false)
    try await robot.say("/approve \(code)", as: "carol")
    #expect(try await robot.runOnce())
    #expect(robot.toolbox.calls.count == 1)
  }

  @Test("T9: what waits is few, the same call joins, and what was denied is not asked for again at once")
  func flooding() async throws {
    let robot = try Robot()
    let code = try await robot.ask("/note 1")
    #expect(try await robot.say("/note 1")?.contains("waits already: \(code)") == true)
    _ = try await robot.ask("/note 2")
    #expect(try await robot.say("/note 3")?.contains("too_many_pending") == true)
    for name in ["bob", "dora", "emil"] { _ = try await robot.ask("/note of \(name)", as: name) }
    #expect(try await robot.say("/note of fritz", as: "fritz")?.contains("requests of this skill") == true)
    // Twice as long after each denial, an hour at most, forgotten after a day.
    for (wait, denial) in zip([60, 120, 240, 480, 960, 1920, 3600, 3600], 1...) {
      let again = denial == 1 ? code : try await robot.ask("/note 1")
      try await robot.say("/deny \(again)", as: "carol")
      #expect(try await robot.say("/note 1")?.contains("cooling_down") == true)
      robot.box.advance(.seconds(wait - 1))
      #expect(try await robot.say("/note 1")?.contains("cooling_down") == true)
      robot.box.advance(.seconds(1))
      try await robot.expire()
    }
    robot.box.advance(.seconds(90_000))
    try await robot.say("/deny \(try await robot.ask("/note 1"))", as: "carol")
    robot.box.advance(.seconds(60))
    _ = try await robot.ask("/note 1")
    #expect(try await robot.audited().contains("call.decided too_many_pending"))
    #expect(try await robot.audited().contains("call.decided cooling_down"))
  }

  @Test("T9: requests of one chat that wait are few, whoever asks and of whatever skill")
  func chatFull() async throws {
    var settings = ApprovalSettings()
    settings.pendingPerChat = 1
    let robot = try Robot(settings: settings)
    _ = try await robot.ask("/note 1")
    #expect(try await robot.say("/note 2", as: "bob")?.contains("requests of this chat") == true)
    #expect(try await robot.say("/note 2", as: "bob", in: Scene(.group, "2"))?.contains("[approval]") == true)
  }

  @Test("T9: approvals faster than anybody reads are told to the admins, once a day", arguments: [2, 4])
  func fatigue(seconds: Int) async throws {
    let robot = try Robot()
    try await robot.meet("admin")
    for number in 0..<25 {
      let code = try await robot.ask("/note \(number)")
      robot.box.advance(.seconds(seconds))
      try await robot.say("/approve \(code)", as: "carol")
      #expect(try await robot.runOnce())
    }
    let alerts = seconds < 3 ? 1 : 0
    #expect(try await robot.audited().count { $0.hasPrefix("approval.fatigue") } == alerts)
    #expect(try await robot.outbox().count { $0.contains("nobody reads cards that fast") } == alerts)
  }

  @Test("T14: a double click counts once, and of an approval and a denial at the same moment one is heard", arguments: 0..<8)
  func race(round: Int) async throws {
    let robot = try Robot(gates: Self.twoAdmins)
    let twice = try await robot.ask("/note twice")
    try await robot.together([("/approve \(twice)", "admin"), ("/approve \(twice)", "admin"), ("/approve \(twice)", "root2")])
    #expect(try await robot.state(twice) == .pending)
    #expect(try await robot.audited().count { $0.hasPrefix("approval.vote ") } == 1)
    let code = try await robot.ask("/note race")
    try await robot.say("/approve \(code)", as: "admin")
    try await robot.together([("/approve \(code)", "carol"), ("/deny \(code)", "alice"), ("/deny \(code)", "carol")])
    let ran = try await robot.runOnce()
    #expect(robot.toolbox.calls.count == (ran ? 1 : 0))
    #expect(try await robot.state(code) == (ran ? .succeeded : try await robot.state(code)))
    let ends = ["approval.approved ", "approval.denied ", "approval.cancelled "]
    #expect(try await robot.audited().count(where: ends.contains) == 1)
  }

  @Test("T16: the claim is on disk before the run; a run that a crash cut off is unknown, and nothing repeats it by itself")
  func crash() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "admin")
    let (approvals, store) = (robot.approvals, robot.store)
    let claim = try #require(try await store.write { try approvals.claim(in: $0).claim })
    #expect(try await robot.state(code) == .claimed)
    _ = try await robot.toolbox.call(claim.call)
    // The crash: nobody finishes it. Before anybody settles it, it cannot be claimed or asked about either.
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.store.write { try approvals.settleInterrupted(in: $0) } == 1)
    for _ in 0..<3 {
      robot.box.advance(.seconds(3600))
      try await robot.expire()
      #expect(try await robot.runOnce() == false)
    }
    #expect(try await robot.state(code) == .unknown)
    #expect(try await robot.say("/approve \(code)", as: "carol")?.contains("decided before: unknown") == true)
    #expect(try await robot.runOnce() == false)
    #expect(robot.toolbox.calls.count == 1)
  }

  @Test("T17: a name is no identity: whoever is called like an admin, or writes like a boss in a group, is nobody")
  func impersonation() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    let sample = ChatEvent.sample("false", "/approve \(code)")
    for name in ["admin", "root", "playground:admin", "аdmin"] {
      let event = ChatEvent(
        requestID: RequestID(), receivedAt: sample.receivedAt, conversation: sample.conversation,
        sender: Sender(id: "playground:mallory", name: name, role: .owner), messageID: "false \(name)", text: sample.text,
        mentions: Mentions(bot: true), isPlain: true, dedupeKeys: [name])
      let conclusion = await robot.agent.conclude(event)
      let reply = try await robot.store.write { try conclusion($0)?.content.text }
      #expect(reply == "No open request with that code that you could decide here.")
    }
    #expect(try await robot.state(code) == .pending)
    let card = try #require(
      try await robot.say(
        "/show \(code)", as: "admin"))
    #expect(card.contains("asked by playground:alice (alice)"))
  }

  @Test(
    "T20: an edit of the rules, or a mode, opens no way round: what is stricter now counts, and what counted before still does")
  func edits() async throws {
    let robot = try Robot()
    // Stricter: it waits for the second word, as long as it would have waited before.
    let stricter = try await robot.ask("/note stricter")
    try await robot.say("/approve \(stricter)", as: "carol")
    try robot.policy.reloadShipped(gates: Self.twoAdmins)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(stricter) == .pending)
    #expect(try await robot.audited().contains("approval.reopened stricter_gate"))
    // Laxer: two were asked for, and one is not enough.
    let laxer = try await robot.ask("/note laxer", as: "bob")
    try await robot.say("/approve \(laxer)", as: "carol")
    try robot.policy.reloadShipped()
    #expect(try await robot.state(laxer) == .pending)
    try robot.policy.reloadShipped(
      adding: ["50-more.cedar": "@id(\"all\") permit (principal, action == Action::\"auto\", resource in Effect::\"write\");"])
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.say("/approve \(laxer)", as: "admin") == nil)
    #expect(try await robot.runOnce())
    // Forbidden now: it ends.
    try robot.policy.reloadShipped()
    let forbidden = try await robot.ask("/note forbidden", as: "bob")
    try await robot.say("/approve \(forbidden)", as: "carol")
    try robot.policy.reloadShipped(
      adding: ["50-more.cedar": "@id(\"none\") forbid (principal, action == Action::\"call\", resource == Tool::\"note\");"])
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(forbidden) == .invalidated)
    #expect(robot.toolbox.calls.map(\.arguments) == [["text": "laxer"]])
  }

  @Test("T20: while writes are denied nobody votes and nothing is claimed", arguments: [Mode.readOnly, .explainOnly, .lockdown])
  func modes(mode: Mode) async throws {
    let robot = try Robot()
    let (pending, approved) = (try await robot.ask("/note 1"), try await robot.ask("/note 2"))
    try await robot.say("/approve \(approved)", as: "carol")
    robot.policy.setMode(mode)
    for (code, sender) in [(pending, "carol"), (pending, "bob"), ("00000000", "bob")] {
      for verb in ["approve", "deny"] {
        #expect(
          try await robot.say("/\(verb) \(code)", as: sender) == "The robot is in mode \(mode.rawValue): nothing is decided now.")
      }
    }
    #expect(try await robot.runOnce() == false)
    robot.policy.setMode(.normal)
    #expect(try await robot.runOnce() == false)
    #expect(try await robot.state(pending) == .pending)
    #expect(robot.toolbox.calls.isEmpty)
  }
}

extension Robot {
  /// Several people say something at the same moment.
  func together(_ words: [(text: String, sender: String)]) async throws {
    let (agent, store) = (agent, store)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, word) in words.shuffled().enumerated() {
        group.addTask {
          let conclusion = await agent.conclude(.sample("\(index) \(word.text)", word.text, from: word.sender))
          _ = try await store.write { try conclusion($0)?.content.text }
        }
      }
      try await group.waitForAll()
    }
  }
}

import Approvals
import Core
import Policy
import Storage
import TestSupport
import Testing

@testable import Agent

@Suite("Gates in chat")
struct GateTests {
  private static let ops = Conversation(channel: "main", account: "bot", scene: Scene(.group, "ops"))
  private static let home = Scene(.group, "1")

  private static func opsSettings() -> ApprovalSettings {
    var settings = ApprovalSettings()
    settings.opsChats = [ops]
    return settings
  }

  private func gate(_ text: String) -> String { "default_write: { \(text) }\n" }

  @Test("two keys need two people: whoever holds both turns one of them only, under whatever account")
  func twoKeys() async throws {
    let keys = gate("factors: [{ role: owner, n: 1 }, { role: admin, n: 1 }]")
    let robot = try Robot(gates: keys)
    let code = try await robot.ask()
    let reply = try await robot.say("/approve \(code)", as: "admin")
    #expect(reply?.contains("gate default_write: 1/1 by owner, 0/1 by admin") == true)
    #expect(reply?.contains("approved by playground:admin") == true)
    #expect(try await robot.say("/approve \(code)", as: "root2")?.contains("counts already") == true)
    #expect(try await robot.state(code) == .pending)
    #expect(try await robot.say("/approve \(code)", as: "carol") == nil)
    #expect(try await robot.runOnce())
    // Two admins without an owner are not two keys.
    let people = """
      people:
        - { name: root, roles: [owner, admin], ids: ["playground:admin"] }
        - { name: second, roles: [admin], ids: ["playground:carol"] }
        - { name: third, roles: [admin], ids: ["playground:dave"] }
      defaults: { everyone: [member] }
      """
    let other = try Robot(people: people, gates: keys)
    let request = try await other.ask()
    for admin in ["carol", "dave"] { try await other.say("/approve \(request)", as: admin) }
    #expect(try await other.state(request) == .pending)
  }

  @Test("so many refusals as the gate asks for end a request; an owner's ends it at once, and the requester's")
  func refusals() async throws {
    let people = """
      people:
        - { name: root, roles: [owner, admin], ids: ["playground:admin"] }
        - { name: second, roles: [admin], ids: ["playground:carol"] }
        - { name: third, roles: [admin], ids: ["playground:dave"] }
      defaults: { everyone: [member] }
      """
    let robot = try Robot(people: people, gates: gate("approvers: [admin], deny_quorum: 2"))
    let denied = try await robot.ask("/note 1")
    let reply = try await robot.say("/deny \(denied)", as: "carol")
    #expect(reply?.contains("1/2 refuse") == true)
    #expect(try await robot.state(denied) == .pending)
    #expect(try await robot.say("/deny \(denied)", as: "dave")?.contains("denied by playground:dave") == true)
    #expect(try await robot.state(denied) == .denied)
    let byOwner = try await robot.ask("/note 2")
    try await robot.say("/deny \(byOwner)", as: "admin")
    #expect(try await robot.state(byOwner) == .cancelled)
    let own = try await robot.ask("/note 3")
    try await robot.say("/deny \(own)", as: "alice")
    #expect(try await robot.state(own) == .cancelled)
    // Taking back is no refusal: it may be asked for again.
    _ = try await robot.ask("/note 3")
  }

  @Test("a card goes to the ops chats and is decided there; its end is told there and where it was asked for, once each")
  func opsChat() async throws {
    let robot = try Robot(gates: gate("approvers: [admin], scenes: [ops]"), settings: Self.opsSettings())
    try await robot.meet("admin")
    let answer = try #require(try await robot.say("/note milk"))
    #expect(answer.contains("not given in this chat"))
    let code = String(answer.prefix(8))
    let cards = try await robot.messages()
    #expect(cards.map(\.conversation) == [Self.ops])
    #expect(cards.first?.content.text.hasPrefix("[approval] \(code)") == true)
    for chat in [Self.home, Scene(.private, "carol"), Scene(.group, "2")] {
      #expect(try await robot.say("/approve \(code)", as: "carol", in: chat)?.contains("No open request") == true)
    }
    #expect(
      try await robot.say("/approve \(code)", as: "carol", in: Self.ops.scene)?.contains("approved by playground:carol") == true)
    #expect(try await robot.runOnce())
    let told = try await robot.messages()
    #expect(told.map(\.conversation.scene) == [Self.home, Self.ops.scene])
    #expect(told.map(\.content.text) == ["noted milk", "\(code) (note) succeeded."])
    #expect(try await robot.audited().count { $0 == "approval.refused wrong_chat" } == 3)
  }

  @Test(
    "every other end is told in both chats too, once each, and not again in the chat that decided",
    arguments: ["deny", "withdraw", "expire", "invalidate", "lose"])
  func ends(end: String) async throws {
    let robot = try Robot(gates: gate("approvers: [admin], scenes: [origin, ops]"), settings: Self.opsSettings())
    if end == "lose" {
      robot.toolbox.add("note", .write, parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text") {
        _ throws(ToolError) in throw ToolError(.crashed, "it crashed")
      }
    }
    let code = try await robot.ask()
    _ = try await robot.outbox()
    var chats = [Self.home, Self.ops.scene]
    switch end {
    case "deny":
      try await robot.say("/deny \(code)", as: "carol", in: Self.ops.scene)
      chats = [Self.home]
    case "withdraw":
      try await robot.say("/deny \(code)", as: "alice")
      chats = [Self.ops.scene]
    case "expire":
      robot.box.advance(.seconds(901))
      try await robot.expire()
      try await robot.expire()
    case "invalidate":
      try await robot.say("/approve \(code)", as: "carol", in: Self.ops.scene)
      robot.toolbox.add("note", .write, build: "bbbb")
      #expect(try await robot.runOnce() == false)
    default:
      try await robot.say("/approve \(code)", as: "carol", in: Self.ops.scene)
      #expect(try await robot.runOnce())
    }
    let told = try await robot.messages()
    #expect(told.map(\.conversation.scene) == chats)
    #expect(told.allSatisfy { $0.content.text.contains(code) })
  }

  @Test("a card goes to the private chats of those who could approve, and of nobody else")
  func direct() async throws {
    let robot = try Robot(gates: gate("approvers: [admin], scenes: [dm]"))
    for name in ["admin", "carol", "bob"] { try await robot.meet(name) }
    let answer = try #require(try await robot.say("/note milk", as: "carol"))
    let code = String(answer.prefix(8))
    #expect(try await robot.messages().map(\.conversation.scene) == [Scene(.private, "admin")])
    #expect(try await robot.say("/approve \(code)", as: "admin")?.contains("No open request") == true)
    try await robot.say("/approve \(code)", as: "admin", in: Scene(.private, "admin"))
    #expect(try await robot.state(code) == .approved)
  }

  @Test("nobody is asked when nobody could approve, or would see it, and whoever asked is told what is missing")
  func pointless() async throws {
    let alone = try Robot(
      people: "people:\n  - { name: root, roles: [admin], ids: [\"playground:admin\"] }\ndefaults: { everyone: [member] }\n")
    let own = try await alone.say("/note x", as: "admin")
    #expect(own?.contains("no_approver_for_default_write") == true)
    #expect(own?.contains("1 × admin beside whoever asks") == true)
    let ops = try Robot(gates: gate("approvers: [admin], scenes: [ops]"))
    #expect(try await ops.say("/note x")?.contains("no ops chat is configured (approvals.ops_chats)") == true)
    let dm = try Robot(gates: gate("approvers: [admin], scenes: [dm]"))
    #expect(try await dm.say("/note x")?.contains("ever written to the robot alone") == true)
    let inPrivate = try Robot()
    #expect(try await inPrivate.say("/note x", in: Scene(.private, "alice"))?.contains("no_place_for_default_write") == true)
    try await inPrivate.meet("carol")
    #expect(try await inPrivate.say("/note x", in: Scene(.private, "alice"))?.contains("[approval]") == true)
    for robot in [alone, ops, dm] {
      #expect(try await robot.store.read { try $0.writeCalls(in: .pending).isEmpty })
      #expect(try await robot.outbox().isEmpty)
    }
  }

  @Test("a typed gate wants the end of the digest that the card shows, and no button gives it")
  func typed() async throws {
    let robot = try Robot(gates: gate("approvers: [admin], confirm: typed"))
    try await robot.meet("carol")
    let code = try await robot.ask()
    let digest = try #require(try await robot.store.read { try $0.writeCall(code: code)?.digest })
    let card = try #require(try await robot.messages().first)
    guard case .message(let content) = card.content else { return #expect(Bool(false)) }
    #expect(content.text.contains("digest \(digest.prefix(8))…\(digest.suffix(4))"))
    #expect(content.buttons.flatMap { $0 }.map(\.data) == ["/deny \(code)"])
    let wrong = String(digest.suffix(4).map { $0 == "0" ? "1" : "0" })
    for text in ["/approve \(code)", "/approve \(code) \(wrong)"] {
      #expect(try await robot.say(text, as: "carol")?.contains("last four of its digest") == true)
    }
    for text in ["/approve \(code) \(digest.suffix(4)) now", "/approve \(code) \(digest)", "/approve \(code) １２３４"] {
      #expect(try await robot.say(text, as: "carol")?.hasPrefix("usage") == true)
    }
    #expect(try await robot.state(code) == .pending)
    #expect(try await robot.say("/approve \(code) \(digest.suffix(4).uppercased())", as: "carol") == nil)
    #expect(try await robot.state(code) == .approved)
  }

  @Test("a digest that was typed although it need not be must still be this card's")
  func needlessDigest() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    let digest = try #require(try await robot.store.read { try $0.writeCall(code: code)?.digest })
    let wrong = String(digest.suffix(4).map { $0 == "0" ? "1" : "0" })
    #expect(try await robot.say("/approve \(code) \(wrong)", as: "carol")?.contains("last four") == true)
    #expect(try await robot.state(code) == .pending)
  }

  @Test("what came of a call is settled in read_only mode, but nothing runs again; in stricter modes nothing is settled")
  func settling() async throws {
    let robot = try Robot()
    robot.toolbox.add("note", .write, parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text") {
      _ throws(ToolError) in throw ToolError(.crashed, "it crashed")
    }
    let code = try await robot.ask()
    try await robot.say("/approve \(code)", as: "carol")
    #expect(try await robot.runOnce())
    for mode in [Mode.explainOnly, .lockdown] {
      robot.policy.setMode(mode)
      for word in ["done", "failed", "retry"] {
        #expect(try await robot.say("/resolve \(code) \(word)", as: "admin")?.contains("nothing is decided") == true)
      }
    }
    robot.policy.setMode(.readOnly)
    #expect(try await robot.say("/resolve \(code) retry", as: "admin")?.contains("read_only") == true)
    #expect(try await robot.say("/resolve \(code) done", as: "bob")?.contains("No open request") == true)
    #expect(try await robot.state(code) == .unknown)
    #expect(try await robot.say("/resolve \(code) done", as: "admin")?.contains("succeeded") == true)
    #expect(try await robot.state(code) == .succeeded)
  }

  @Test("an unattended call that needs consent by the time it would run is asked about, and waits no longer than it would have")
  func unattended() async throws {
    let robot = try Robot()
    try robot.policy.reloadShipped(
      adding: ["50-more.cedar": "@id(\"all\") permit (principal, action == Action::\"auto\", resource in Effect::\"write\");"])
    #expect(try await robot.say("/note milk") == nil)
    try robot.policy.reloadShipped()
    #expect(try await robot.runOnce() == false)
    let card = try #require(try await robot.outbox().first)
    let code = String(card.dropFirst("[approval] ".count).prefix(8))
    #expect(try await robot.state(code) == .pending)
    try await robot.say("/approve \(code)", as: "carol")
    #expect(try await robot.runOnce())
    #expect(robot.toolbox.calls.count == 1)
  }
}

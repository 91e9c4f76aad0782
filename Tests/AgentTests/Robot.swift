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

/// An agent with the shipped rules and one write tool, on a clock that the test turns.
final class Robot {
  let box = TimeBox()
  let toolbox = FakeToolbox()
  let policy: PolicyEngine
  let temporary: TemporaryStore
  var store: Store
  let clock: WallClock
  let trail: AuditTrail
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  private let ids = Mutex(0)

  let settings: ApprovalSettings

  init(
    people: String = PolicyEngine.twoAdmins, adding more: [String: String] = [:], gates: String? = nil,
    settings: ApprovalSettings = ApprovalSettings(), on kind: StoreKind = .sqlite
  ) throws {
    let policy = try PolicyEngine.shipped(people: people, gates: gates, adding: more)
    self.policy = policy
    self.settings = settings
    trail = AuditTrail(key: Data(repeating: 1, count: 32)).telling { policy.setWitnessed($0) }
    let box = box
    clock = WallClock { box.now() }
    temporary = try TemporaryStore(on: kind, clock: clock)
    store = temporary.store
    toolbox.add("note", .write, parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text") { call in
      .string("noted \(call.arguments["text"]?.string ?? "")")
    }
    toolbox.add("peek", .read)
  }

  var approvals: Approvals { Approvals(policy: policy, audit: trail, toolbox: toolbox, settings: settings) }

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

  /// Lets the runner's time pass: what is past its deadline ends.
  func expire() async throws {
    let approvals = approvals
    _ = try await store.write { try approvals.expire(in: $0) }
  }

  /// Kinds and reasons in the audit log, oldest first.
  func audited() async throws -> [String] {
    try await store.read { transaction in
      try transaction.auditRows(after: 0, limit: 1_000).map { row in
        let head = try JSON(parsing: row.head)
        return "\(head["kind"]?.string ?? "") \(head["reason"]?.string ?? "")"
      }
    }
  }

  /// Where the person of that name is reached alone.
  func meet(_ name: String) async throws {
    let chat = Conversation(channel: "main", account: "bot", scene: Scene(.private, name))
    try await store.write { try $0.noteAdminChat(of: "playground:\(name)", in: chat) }
  }

  func state(_ code: String) async throws -> WriteCall.State? {
    try await store.read { try $0.writeCall(code: code)?.state }
  }

  /// Takes what is in the outbox, oldest first.
  func messages() async throws -> [OutboundMessage] {
    try await store.write { transaction in
      var messages: [OutboundMessage] = []
      while let next = try transaction.claimMessages(limit: 1).first {
        messages.append(next.message)
        try transaction.markSent(next.message, platformID: nil)
      }
      return messages.sorted { $0.id < $1.id }
    }
  }

  /// Their texts.
  func outbox() async throws -> [String] {
    try await messages().map(\.content.text)
  }
}

final class TimeBox: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_800_000_000))
  func now() -> Timestamp { time.withLock { $0 } }
  func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}

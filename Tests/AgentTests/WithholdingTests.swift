import Core
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

@Suite("Answers that are withheld", .timeLimit(.minutes(5)))
struct WithholdingTests {
  private let alice = Sender(id: "playground:alice", name: "alice")

  private func accept(_ texts: [String], from sender: Sender, by robot: Robot) async throws {
    let inbox = Inbox(store: robot.store, limit: 100, onAccepted: {})
    for text in texts {
      let id = RequestID()
      let event = ChatEvent(
        requestID: id, receivedAt: robot.clock.now(),
        conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, "1")), sender: sender,
        messageID: id.description, text: text, dedupeKeys: [id.description])
      _ = try await inbox.accept(event)
    }
  }

  /// Lets a worker take what waits, and returns why answers were withheld, and what was said.
  private func work(
    by robot: Robot, bots: ChatRules.Bots = .ignore
  ) async throws -> (withheld: [WithheldAnswer], said: [String]) {
    let agent = CommandAgent(
      chats: ChatRules(rules: [.init(match: "*", respond: .all, bots: bots)]), policy: robot.policy, approvals: robot.approvals,
      toolbox: robot.toolbox, audit: robot.trail, log: ToolCallLog(logger: robot.logger, isEnabled: false), store: robot.store)
    let withheld = Mutex<[WithheldAnswer]>([])
    let (done, report) = AsyncStream.makeStream(of: Void.self)
    let store = robot.store
    let worker = EventWorker(
      store: store, agent: agent, concurrency: 4, duplicateWindow: .seconds(3), wakeup: Wakeup(),
      onCommit: { if store.pendingEvents == 0 { report.yield() } },
      onWithheld: { reason in withheld.withLock { $0.append(reason) } }, logger: robot.logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: robot.logger))
    async let running: Void = group.run()
    for await _ in done { break }
    await group.triggerGracefulShutdown()
    try await running
    return (withheld.withLock { $0 }, try await robot.outbox())
  }

  @Test("a text that is repeated is answered, then refused once, then not at all; both are counted")
  func duplicates() async throws {
    let robot = try Robot()
    try await accept(["/note milk", "/note milk", "/note milk", "/tools"], from: alice, by: robot)
    let (withheld, said) = try await work(by: robot)
    #expect(withheld == [.duplicate, .duplicate])
    #expect(said.count == 3)
    #expect(said.dropFirst().first == "That is the same again, and it was answered just now.")
  }

  @Test("a repeat is recognised by another instance, or after a restart")
  func restart() async throws {
    let robot = try Robot()
    try await accept(["/note milk"], from: alice, by: robot)
    #expect(try await work(by: robot).withheld == [])
    robot.store = try robot.temporary.reopened(clock: robot.clock)
    try await accept(["/note milk"], from: alice, by: robot)
    #expect(try await work(by: robot).withheld == [.duplicate])
  }

  @Test("a hint is given five times in a row; what is withheld after that is counted")
  func hints() async throws {
    let robot = try Robot()
    try await accept((0..<8).map { "hello \($0)" }, from: alice, by: robot)
    let (withheld, said) = try await work(by: robot)
    #expect(withheld == [.hint, .hint, .hint])
    #expect(said.count == 5)
  }

  @Test("another bot gets three answers in a row, until a person speaks; what is withheld after that is counted")
  func bots() async throws {
    let robot = try Robot()
    let bot = Sender(id: "playground:bot", name: "bot", isBot: true)
    try await accept((0..<5).map { "/help \($0)" }, from: bot, by: robot)
    try await accept(["/tools"], from: alice, by: robot)
    try await accept(["/help 5"], from: bot, by: robot)
    let (withheld, said) = try await work(by: robot, bots: .answer)
    #expect(withheld == [.bot, .bot])
    #expect(said.count == 5)
  }
}

import Core
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

@Suite("The worker of events", .timeLimit(.minutes(5)))
struct EventWorkerTests {
  private let wakeup = Wakeup()

  /// Lets a worker take what the journal holds while `body` runs.
  private func working(
    _ robot: Robot, concurrency: Int = 4, toolLimit: Int = .max, onCommit: @escaping @Sendable () -> Void = {},
    _ body: (EventWorker) async throws -> Void
  ) async throws {
    let worker = EventWorker(
      store: robot.store, agent: robot.agent, concurrency: concurrency, toolLimit: toolLimit, wakeup: Wakeup(),
      onCommit: onCommit,
      logger: robot.logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: robot.logger))
    async let running: Void = group.run()
    try await body(worker)
    await group.triggerGracefulShutdown()
    try await running
  }

  private func inbox(_ robot: Robot) -> Inbox {
    let chats = ChatRules()
    return Inbox(
      store: robot.store, limit: 1_000, classify: { chats.relevance(of: $0) == .decision ? .urgent : .ordinary },
      onAccepted: wakeup.signal)
  }

  /// A tool that reports each call and answers when it is let go on.
  private final class Gate: Sendable {
    let calls: AsyncStream<String>
    private let report: AsyncStream<String>.Continuation
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))
    let most = Mutex((now: 0, most: 0))

    init() { (calls, report) = AsyncStream.makeStream() }

    func pass(_ name: String) async {
      most.withLock { count in
        count.now += 1
        count.most = max(count.most, count.now)
      }
      report.yield(name)
      await withCheckedContinuation { continuation in
        let isOpen = state.withLock { state in
          if !state.isOpen { state.waiting.append(continuation) }
          return state.isOpen
        }
        if isOpen { continuation.resume() }
      }
      most.withLock { $0.now -= 1 }
    }

    func open() {
      let waiting = state.withLock { state in
        state.isOpen = true
        defer { state.waiting = [] }
        return state.waiting
      }
      for continuation in waiting { continuation.resume() }
    }
  }

  private func add(_ name: String, behind gate: Gate, to robot: Robot) {
    robot.toolbox.add(name, .read) { _ in
      await gate.pass(name)
      return "done"
    }
  }

  @Test("an approval is taken while slow work fills every place that talk can have")
  func decisionsPass() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    let gate = Gate()
    add("slow", behind: gate, to: robot)
    let inbox = inbox(robot)
    for group in 2...9 { _ = try await inbox.accept(.sample("m\(group)", "/slow", in: Scene(.group, "\(group)"))) }
    var calls = gate.calls.makeAsyncIterator()
    let (commits, report) = AsyncStream.makeStream(of: Void.self)
    try await working(robot, concurrency: 3, onCommit: { report.yield() }) { _ in
      for _ in 0..<2 { _ = await calls.next() }
      _ = try await inbox.accept(.sample("approval", "/approve \(code)", from: "carol"))
      for await _ in commits { break }
      #expect(try await robot.state(code) == .approved)
      #expect(gate.most.withLock(\.most) == 2)
      gate.open()
    }
  }

  @Test("events of one slow tool wait aside, and hold up no others")
  func slowTool() async throws {
    let robot = try Robot()
    let gate = Gate()
    add("slow", behind: gate, to: robot)
    let inbox = inbox(robot)
    for group in 1...20 { _ = try await inbox.accept(.sample("m\(group)", "/slow", in: Scene(.group, "\(group)"))) }
    _ = try await inbox.accept(.sample("quick", "/peek", in: Scene(.group, "21")))
    let (commits, report) = AsyncStream.makeStream(of: Void.self)
    let store = robot.store
    try await working(robot, concurrency: 8, toolLimit: 2, onCommit: { report.yield() }) { _ in
      var committed = commits.makeAsyncIterator()
      _ = await committed.next()
      #expect(store.pendingEvents == 20)
      #expect(robot.toolbox.calls.contains { $0.tool.name == "peek" })
      gate.open()
      while store.pendingEvents > 0 { _ = await committed.next() }
    }
    #expect(gate.most.withLock(\.most) == 2)
    #expect(robot.toolbox.calls.count { $0.tool.name == "slow" } == 20)
  }

  @Test("what waits aside at the end goes back into the journal, untried")
  func givenBack() async throws {
    let robot = try Robot()
    robot.toolbox.add("slow", .read)
    let inbox = inbox(robot)
    for group in 1...4 { _ = try await inbox.accept(.sample("m\(group)", "/slow", in: Scene(.group, "\(group)"))) }
    let worker = EventWorker(
      store: robot.store, agent: robot.agent, concurrency: 8, toolLimit: 1, wakeup: wakeup, onCommit: {}, logger: robot.logger)
    #expect(await worker.takeWork()?.count == 1)
    #expect(try await robot.store.write { try $0.claimEvent() == nil })
    await worker.releaseParked()
    var attempts: [Int] = []
    while let claimed = try await robot.store.write({ try $0.claimEvent() }) { attempts.append(claimed.attempt) }
    #expect(attempts == [1, 1, 1])
  }

  @Test("a flood of decisions does not stop the talk")
  func noStarvation() async throws {
    let robot = try Robot()
    let inbox = inbox(robot)
    for index in 0..<40 { _ = try await inbox.accept(.sample("u\(index)", "/show 00000000", from: "p\(index)")) }
    for group in 2...4 { _ = try await inbox.accept(.sample("m\(group)", "/peek", in: Scene(.group, "\(group)"))) }
    let left = Mutex<[Int]>([])
    let (finished, finish) = AsyncStream.makeStream(of: Void.self)
    let store = robot.store
    robot.toolbox.add("peek", .read) { _ in
      left.withLock { $0.append(store.pendingEvents) }
      return "done"
    }
    try await working(robot, concurrency: 1, onCommit: { if store.pendingEvents == 0 { finish.yield() } }) { _ in
      for await _ in finished { break }
    }
    // After three, seven and eleven decisions: long before the last.
    #expect(left.withLock { $0 } == [40, 36, 32])
  }

  @Test("admins are told of an event that is put aside, once for all of an hour; others are not; it is counted")
  func putAside() async throws {
    let robot = try Robot()
    let alone = Conversation(channel: "main", account: "bot", scene: Scene(.private, "admin"))
    let stranger = Conversation(channel: "main", account: "bot", scene: Scene(.private, "bob"))
    try await robot.store.write { transaction in
      try transaction.noteAdminChat(of: "playground:admin", in: alone)
      try transaction.noteAdminChat(of: "playground:bob", in: stranger)
    }
    let inbox = inbox(robot)
    for (id, hours) in [("a", 0), ("b", 0), ("c", 2)] as [(String, Int)] {
      robot.box.advance(.seconds(hours * 3600))
      let event = ChatEvent.sample(id, "/peek", in: Scene(.group, id))
      _ = try await inbox.accept(event)
      let agent = robot.agent
      let worker = EventWorker(
        store: robot.store, agent: agent, concurrency: 1, wakeup: Wakeup(), onCommit: {}, logger: robot.logger)
      try await robot.store.write { transaction in
        let claimed = try #require(try transaction.claimEvent())
        try transaction.bury(claimed, error: "poison")
        try worker.tellAdmins(ofBuried: claimed.sequence, requestID: event.requestID, in: transaction)
      }
      await worker.countDeadLetters()
      #expect(worker.deadLetters == ["a": 1, "b": 2, "c": 3][id])
    }
    let messages = try await robot.messages()
    #expect(messages.map(\.conversation) == [alone, alone])
    #expect(messages.allSatisfy { $0.content.text.contains("openclaw queue show") })
  }
}

import Core
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// A channel that can show signs, and reports which it was asked for.
final class ReportingPresence: Presence {
  enum Sign: Sendable, Equatable {
    case typing(sequence: Int)
    /// With what the store says of the event at that moment.
    case acknowledged(interaction: String, isDone: Bool, PressOutcome)
  }

  let signs: AsyncStream<Sign>
  private let report: AsyncStream<Sign>.Continuation
  private let isDone: @Sendable () async -> Bool

  init(isDone: @escaping @Sendable () async -> Bool = { false }) {
    self.isDone = isDone
    (signs, report) = AsyncStream.makeStream()
  }

  func showsTyping(in scene: Scene.Kind) -> Bool { scene == .group }

  func showTyping(in conversation: Conversation, answering: MessageReference, sequence: Int) async {
    report.yield(.typing(sequence: sequence))
  }

  func acknowledge(_ press: ButtonPress, in conversation: Conversation, as outcome: PressOutcome) async {
    report.yield(.acknowledged(interaction: press.interactionID, isDone: await isDone(), outcome))
  }
}

@Suite("Signs of work", .timeLimit(.minutes(5)))
struct SignTests {
  /// Lets a worker take what the journal holds while `body` runs.
  private func working(
    _ robot: Robot, _ presence: ReportingPresence, pause: @escaping @Sendable (Duration) async throws -> Void = { _ in },
    _ body: (_ done: AsyncStream<Void>) async throws -> Void
  ) async throws {
    let (done, report) = AsyncStream.makeStream(of: Void.self)
    let worker = EventWorker(
      store: robot.store, agent: robot.agent, concurrency: 1, presences: ["main": presence], wakeup: Wakeup(),
      onCommit: { report.yield() }, logger: robot.logger, pause: pause)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: robot.logger))
    async let running: Void = group.run()
    try await body(done)
    await group.triggerGracefulShutdown()
    try await running
  }

  /// - Parameter sample: comes in at the robot's time, so that its answers are in time.
  private func accept(_ sample: ChatEvent, by robot: Robot) async throws {
    let event = ChatEvent(
      requestID: sample.requestID, receivedAt: robot.clock.now(), kind: sample.kind, conversation: sample.conversation,
      sender: sample.sender, messageID: sample.messageID, text: sample.text, mentions: sample.mentions,
      dedupeKeys: sample.dedupeKeys)
    _ = try await Inbox(store: robot.store, limit: 10, onAccepted: {}).accept(event)
  }

  private func rules(replies: Int) -> [String: SendingRules] {
    ["main": SendingRules(textLimit: 4_000, replies: [.group: .init(replies: replies, window: .seconds(300))])]
  }

  @Test("who waits longer than a second is shown that the robot is at work, and the answer has a number of its own")
  func typing() async throws {
    let robot = try Robot()
    robot.store.follow(rules(replies: 5))
    let (shown, wasShown) = AsyncStream.makeStream(of: Void.self)
    robot.toolbox.add("slow", .read) { _ in
      for await _ in shown { break }
      return "at last"
    }
    try await accept(.sample("m", "/slow"), by: robot)
    let presence = ReportingPresence()
    let waits = Mutex<[Duration]>([])
    try await working(robot, presence, pause: { wait in waits.withLock { $0.append(wait) } }) { done in
      for await sign in presence.signs {
        #expect(sign == .typing(sequence: 1))
        break
      }
      wasShown.yield()
      for await _ in done { break }
    }
    #expect(waits.withLock { $0 } == [.seconds(1)])
    let answers = try await robot.messages()
    #expect(answers.map(\.content.text) == ["at last"])
    #expect(answers.map(\.sequence) == [2])
  }

  @Test("an answer within the second comes without a sign, and the wait for it ends")
  func quick() async throws {
    let robot = try Robot()
    robot.store.follow(rules(replies: 5))
    try await accept(.sample("m", "/peek"), by: robot)
    let presence = ReportingPresence()
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    try await working(
      robot, presence,
      pause: { _ in
        defer { end.yield() }
        try await Task.sleep(for: .seconds(600))
      }
    ) { done in
      for await _ in done { break }
      for await _ in ended { break }
    }
    #expect(try await robot.messages().map(\.sequence) == [1])
  }

  @Test("a pressed button is acknowledged once what it led to is on disk")
  func acknowledged() async throws {
    let robot = try Robot()
    let code = try await robot.ask()
    let store = robot.store
    let presence = ReportingPresence(isDone: { (try? await store.read { try $0.writeCall(code: code)?.state }) == .approved })
    let sample = ChatEvent.sample("press", from: "carol")
    let press = ChatEvent(
      requestID: RequestID(), receivedAt: sample.receivedAt,
      kind: .button(ButtonPress(interactionID: "i1", buttonID: nil, mustBeAcknowledged: true)), conversation: sample.conversation,
      sender: sample.sender, messageID: "press", text: "/approve \(code)", dedupeKeys: ["press"])
    try await accept(press, by: robot)
    try await working(robot, presence) { _ in
      for await sign in presence.signs {
        #expect(sign == .acknowledged(interaction: "i1", isDone: true, .taken))
        break
      }
    }
  }
}

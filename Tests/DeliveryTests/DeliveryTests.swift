import Core
import Logging
import Operations
import ServiceLifecycle
import Storage
import Synchronization
import TestSupport
import Testing

@testable import Delivery

@Suite("After an attempt to send")
struct DeliveryStepTests {
  private func step(
    _ advice: DeliveryError.Advice, attempt: Int = 1, repeats: Bool = true
  ) -> DeliveryStep {
    DeliveryStep(
      after: .failure(DeliveryError(advice, code: "x", message: "")), attempt: attempt, limit: 3, recognisesRepeats: repeats,
      delay: .seconds(1))
  }

  @Test("a doubtful send is repeated only where the platform recognises repeats")
  func ambiguous() {
    #expect(step(.ambiguous, repeats: true) == .retry(after: .seconds(1), code: "x"))
    #expect(step(.ambiguous, repeats: false) == .unknown(code: "x"))
  }

  @Test("the platform's own waiting time counts when it is longer; attempts end; a refusal is final")
  func limits() {
    #expect(step(.retry(after: .seconds(9))) == .retry(after: .seconds(9), code: "x"))
    #expect(step(.retry(after: .milliseconds(1))) == .retry(after: .seconds(1), code: "x"))
    #expect(step(.retry(after: nil), attempt: 3) == .failed(code: "x"))
    #expect(step(.giveUp) == .failed(code: "x"))
  }

  @Test("a closed reply window holds the message; a target that is gone closes the chat", arguments: [1, 3])
  func holds(attempt: Int) {
    #expect(step(.hold, attempt: attempt) == .held(code: "x"))
    #expect(step(.targetGone, attempt: attempt) == .targetGone(code: "x"))
  }

  @Test("what the platform reviews first waits for its notice")
  func reviewing() {
    let step = DeliveryStep(
      after: .success(DeliveryReceipt(messageID: nil, auditID: "a")), attempt: 1, limit: 3, recognisesRepeats: true,
      delay: .seconds(1))
    #expect(step == .reviewing(auditID: "a"))
  }

  @Test("a doubtful send at the attempt limit ends as unknown, because it may have arrived")
  func doubtfulToTheEnd() {
    #expect(step(.ambiguous, attempt: 2) == .retry(after: .seconds(1), code: "x"))
    #expect(step(.ambiguous, attempt: 3) == .unknown(code: "x"))
  }
}

@Suite("Telling the admins")
struct AlertLimiterTests {
  @Test("each kind of trouble is told once an hour")
  func hourly() {
    var limiter = AlertLimiter()
    #expect(limiter.admit("token", at: Timestamp(seconds: 0)) == true)
    #expect(limiter.admit("token", at: Timestamp(seconds: 3599)) == false)
    #expect(limiter.admit("banned", at: Timestamp(seconds: 3599)) == true)
    #expect(limiter.admit("token", at: Timestamp(seconds: 3600)) == true)
  }

  @Test("past the kinds it remembers, new ones wait until an old one is forgotten")
  func bounded() {
    var limiter = AlertLimiter()
    for kind in 0..<256 { #expect(limiter.admit("\(kind)", at: Timestamp(seconds: 0)) == true) }
    #expect(limiter.admit("new", at: Timestamp(seconds: 1)) == false)
    #expect(limiter.admit("new", at: Timestamp(seconds: 3600)) == true)
  }
}

/// Answers each message by a script and reports what it saw.
private final class ScriptedDeliverer: Deliverer {
  let rules = SendingRules(textLimit: 4000)
  let recognisesRepeats: Bool
  let seen: AsyncStream<OutboundMessage>
  private let report: AsyncStream<OutboundMessage>.Continuation
  private let script: Mutex<[Result<DeliveryReceipt, DeliveryError>]>

  init(recognisesRepeats: Bool, script: [Result<DeliveryReceipt, DeliveryError>] = []) {
    self.recognisesRepeats = recognisesRepeats
    self.script = Mutex(script)
    (seen, report) = AsyncStream.makeStream()
  }

  func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt {
    let result = script.withLock { $0.isEmpty ? .success(DeliveryReceipt(messageID: nil)) : $0.removeFirst() }
    report.yield(message)
    return try result.get()
  }
}

@Suite("The delivery worker", .timeLimit(.minutes(5)))
struct DeliveryWorkerTests {
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  private func address(_ group: String) -> ReplyAddress {
    ReplyAddress(
      conversation: Conversation(channel: "main", account: "bot", scene: Scene(.group, group)), requestID: RequestID(),
      answers: MessageReference(messageID: "m"))
  }

  @Test("sends in order within a conversation, and what is due before it stops")
  func order() async throws {
    let temporary = try TemporaryStore()
    let deliverer = ScriptedDeliverer(recognisesRepeats: true)
    let address = address("1")
    try await temporary.store.write { for text in ["1", "2", "3"] { try $0.enqueue(text, to: address) } }
    let worker = DeliveryWorker(
      store: temporary.store, deliverers: ["main": deliverer], wakeup: Wakeup(), counters: Counters(), logger: logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: logger))
    async let running: Void = group.run()
    var texts: [String] = []
    for await message in deliverer.seen {
      texts.append("\(message.sequence):\(message.content.text)")
      if texts.count == 1 { await group.triggerGracefulShutdown() }
      if texts.count == 3 { break }
    }
    try await running
    #expect(texts == ["1:1", "2:2", "3:3"])
  }

  @Test("repeats with the same sequence number after a doubtful send")
  func repeats() async throws {
    let temporary = try TemporaryStore()
    let deliverer = ScriptedDeliverer(
      recognisesRepeats: true, script: [.failure(DeliveryError(.ambiguous, code: "timeout", message: ""))])
    let address = address("1")
    try await temporary.store.write { try $0.enqueue("text", to: address) }
    let worker = DeliveryWorker(
      store: temporary.store, deliverers: ["main": deliverer], wakeup: Wakeup(), counters: Counters(), logger: logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: logger))
    async let running: Void = group.run()
    var seen: [OutboundMessage] = []
    for await message in deliverer.seen {
      seen.append(message)
      if seen.count == 2 { break }
    }
    await group.triggerGracefulShutdown()
    try await running
    #expect(seen[0] == seen[1])
  }

  @Test("what only an operator can mend is told once to every admin, where the admin last wrote alone")
  func tellsAdmins() async throws {
    let temporary = try TemporaryStore()
    let broken = ScriptedDeliverer(
      recognisesRepeats: true,
      script: Array(
        repeating: .failure(DeliveryError(.giveUp, code: "11255", message: "the bot is banned", concernsAdmins: true)), count: 2))
    let working = ScriptedDeliverer(recognisesRepeats: true)
    let (first, second) = (address("1"), address("2"))
    func alone(_ name: String) -> Conversation {
      Conversation(channel: "spare", account: "bot", scene: Scene(.private, name))
    }
    let (root, former) = (alone("root"), alone("former"))
    try await temporary.store.write { transaction in
      try transaction.noteAdminChat(of: "spare:root", in: root)
      try transaction.noteAdminChat(of: "spare:former", in: former)
      for address in [first, second] { try transaction.enqueue("text", to: address) }
    }
    let worker = DeliveryWorker(
      store: temporary.store, deliverers: ["main": broken, "spare": working], isAdmin: { $0 == "spare:root" }, wakeup: Wakeup(),
      counters: Counters(), logger: logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: logger))
    async let running: Void = group.run()
    var told = working.seen.makeAsyncIterator()
    let message = try #require(await told.next())
    #expect(message.conversation == root)
    #expect(message.answers == nil)
    #expect(message.content.text.contains("Channel main cannot send: the bot is banned (11255)"))
    // Whatever else there is to tell is due now, and would go out before the worker ends.
    await group.triggerGracefulShutdown()
    try await running
    #expect(try await temporary.store.read { try $0.sentMessages(in: root, after: 0, limit: 10).count } == 1)
    #expect(try await temporary.store.read { try $0.lastMessageID(in: former) } == 0)
  }

  @Test("after a crash a message in doubt is sent again only where repeats are recognised", arguments: [true, false])
  func doubt(recognisesRepeats: Bool) async throws {
    let temporary = try TemporaryStore()
    let (first, second) = (address("1"), address("2"))
    try await temporary.store.write { try $0.enqueue("doubtful", to: first) }
    _ = try await temporary.store.write { try $0.claimMessages(limit: 1) }
    let store = try temporary.reopened()
    try await store.write { try $0.enqueue("fresh", to: second) }
    let deliverer = ScriptedDeliverer(recognisesRepeats: recognisesRepeats)
    let worker = DeliveryWorker(
      store: store, deliverers: ["main": deliverer], wakeup: Wakeup(), counters: Counters(), logger: logger)
    let group = ServiceGroup(configuration: .init(services: [.init(service: worker)], logger: logger))
    async let running: Void = group.run()
    var texts: Set<String> = []
    for await message in deliverer.seen {
      texts.insert(message.content.text)
      if texts.contains("fresh") { await group.triggerGracefulShutdown() }
      if texts.count == (recognisesRepeats ? 2 : 1) { break }
    }
    try await running
    #expect(texts == (recognisesRepeats ? ["doubtful", "fresh"] : ["fresh"]))
  }
}

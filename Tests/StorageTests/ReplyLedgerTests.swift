import Core
import Synchronization
import TestSupport
import Testing

@testable import Storage

/// Turned by the test.
final class ManualClock: Sendable {
  private let time = Mutex(Timestamp(seconds: 1_800_000_000))
  var now: Timestamp { time.withLock { $0 } }
  func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
  var wall: WallClock { WallClock { self.now } }
}

/// A chat on a platform that counts answers.
final class CountingChat {
  let clock = ManualClock()
  let temporary: TemporaryStore
  var store: Store
  let rules: [String: SendingRules]
  let conversation = Conversation(channel: "main", account: "bot", scene: Scene(.group, "1"))
  private let ids = Mutex(0)

  init(
    on kind: StoreKind, replies: Int? = 4, window: Duration = .seconds(300), limit: Int = 1_000, perChat: RateLimit? = nil,
    perChannel: RateLimit? = nil, unasked: RateLimit? = nil
  ) throws {
    rules = [
      "main": SendingRules(
        textLimit: limit, replies: [.group: .init(replies: replies, window: window)], perChat: perChat, perChannel: perChannel,
        unasked: unasked.map { [.group: $0] } ?? [:])
    ]
    temporary = try TemporaryStore(on: kind, clock: clock.wall, sendingRules: rules)
    store = temporary.store
  }

  func crash() throws { store = try temporary.reopened(clock: clock.wall, sendingRules: rules) }

  /// Something comes in; returns where answers to it go.
  func receive(_ kind: ChatEvent.Kind = .message, in scene: Scene = Scene(.group, "1")) async throws -> ReplyAddress {
    let id = ids.withLock { count in
      count += 1
      return "m\(count)"
    }
    let event = ChatEvent(
      requestID: RequestID(), receivedAt: clock.now, kind: kind,
      conversation: Conversation(channel: "main", account: "bot", scene: scene), sender: Sender(id: "x", name: "x"),
      messageID: id, text: "", dedupeKeys: [id])
    let body = try StoredText.encode(event)
    _ = try await store.write { try $0.insert(event, body: body).get() }
    return event.replyAddress
  }

  func say(_ text: String, to address: ReplyAddress, as purpose: MessagePurpose = .final) async throws {
    try await store.write { try $0.enqueue(text, to: address, as: purpose) }
  }

  func claim(_ limit: Int = 8) async throws -> [OutboundMessage] {
    try await store.write { try $0.claimMessages(limit: limit).map(\.message) }
  }

  /// Sends everything that may go out now; returns it in order.
  @discardableResult
  func drain() async throws -> [OutboundMessage] {
    var sent: [OutboundMessage] = []
    while let message = try await claim(1).first {
      try await store.write { try $0.markSent(message, platformID: "p\(message.id)") }
      sent.append(message)
    }
    return sent
  }

  func states() async throws -> [String: Int] {
    try await store.read { transaction in
      try transaction.rows("SELECT state, COUNT(*) AS count FROM outbox GROUP BY state", [])
        .reduce(into: [:]) { $0[try $1["state"] as String] = try $1["count"] as Int }
    }
  }

  /// Texts of the rows in one of the states, oldest first.
  func texts(_ states: Set<String>) async throws -> [String] {
    try await store.read { transaction in
      try transaction.rows("SELECT * FROM outbox ORDER BY id", []).filter { states.contains(try $0["state"]) }
        .map { try Transaction.message(from: $0).content.text }
    }
  }
}

@Suite("The ledger of replies")
struct ReplyLedgerTests {
  @Test(
    "room is what is left of an open window; the last reply is kept for the result",
    arguments: [
      (4, 0, ReplyBudget.Use.interim, 3), (4, 0, .final, 4), (4, 3, .interim, 0), (4, 3, .final, 1), (4, 4, .final, 0),
      (4, 0, .held, 2), (4, 2, .held, 0), (2, 0, .held, 1), (1, 0, .held, 0), (1, 0, .interim, 0), (1, 0, .final, 1),
      (5, 0, .typing, 1), (5, 2, .typing, 1), (5, 3, .typing, 0), (3, 0, .typing, 1), (2, 0, .typing, 0),
    ])
  func room(replies: Int, used: Int, use: ReplyBudget.Use, expected: Int) {
    let open = ReplyBudget(
      reference: MessageReference(messageID: "m"), closesAt: Timestamp(seconds: 100), replies: replies, used: used)
    #expect(open.room(for: use, at: Timestamp(seconds: 0)) == expected)
    #expect(open.room(for: use, at: Timestamp(seconds: 90)) == 0)
  }

  @Test(
    "interim messages leave the last reply to the result, and what has no room goes out with the next message",
    arguments: StoreKind.tested)
  func interim(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, replies: 4)
    let first = try await chat.receive()
    for index in 1...5 {
      try await chat.say("step \(index)", to: first, as: .interim)
      try await chat.drain()
    }
    try await chat.say("result", to: first)
    #expect(try await chat.drain().map(\.content.text) == ["result"])
    #expect(try await chat.texts(["held"]) == ["step 4\nstep 5"])
    let second = try await chat.receive()
    let sent = try await chat.drain()
    #expect(sent.map(\.content.text) == ["step 4\nstep 5"])
    #expect(sent.map(\.answers) == [second.answers])
    try await chat.say("other", to: second)
    #expect(try await chat.drain().map(\.sequence) == [2])
  }

  @Test("messages that wait are packed together before anything is held", arguments: StoreKind.tested)
  func packed(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, replies: 3)
    let address = try await chat.receive()
    for index in 1...6 { try await chat.say("step \(index)", to: address, as: .interim) }
    try await chat.say("result", to: address)
    #expect(
      try await chat.drain().map(\.content.text) == ["step 1", "step 2\nstep 3\nstep 4\nstep 5\nstep 6", "result"])
    #expect(try await chat.states() == ["sent": 3])
  }

  @Test(
    "a long result uses every reply that is left, says that it goes on, and the rest follows with the next message",
    arguments: StoreKind.tested)
  func long(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, replies: 2, limit: 100)
    let words = (1...60).map { "word\($0)" }.joined(separator: " ")
    let address = try await chat.receive()
    try await chat.say(words, to: address)
    let sent = try await chat.drain()
    #expect(sent.count == 2)
    #expect(sent[1].content.text.hasSuffix(OutboxDraft.continues))
    #expect(sent.allSatisfy { $0.content.text.unicodeScalars.count <= 100 })
    var all = sent.map(\.content.text)
    while try await chat.states()["held"] != nil {
      _ = try await chat.receive()
      all += try await chat.drain().map(\.content.text)
    }
    #expect(all.map { $0.replacing(OutboxDraft.continues, with: "") }.joined() == words)
  }

  @Test("after the window a message is held; the platform's word for it counts as well", arguments: StoreKind.tested)
  func window(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    let first = try await chat.receive()
    try await chat.say("late", to: first)
    chat.clock.advance(.seconds(295))
    #expect(try await chat.drain().isEmpty)
    let second = try await chat.receive()
    let message = try #require(try await chat.claim().first)
    #expect(message.answers == second.answers)
    try await chat.store.write { try $0.markHeld(message, error: "40034128") }
    #expect(try await chat.claim().isEmpty)
    let third = try await chat.receive()
    #expect(try await chat.drain().map(\.answers) == [third.answers])
  }

  @Test("what may have arrived is never sent under another number", arguments: StoreKind.tested)
  func doubtful(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    let address = try await chat.receive()
    try await chat.say("text", to: address)
    let message = try #require(try await chat.claim().first)
    try await chat.store.write { try $0.postpone(message, until: $0.now, error: "timeout", inDoubt: true) }
    chat.clock.advance(.seconds(400))
    _ = try await chat.receive()
    #expect(try await chat.drain().isEmpty)
    #expect(try await chat.states() == ["unknown": 1])
  }

  @Test("the same content is said once to one thing, and once a minute unasked", arguments: StoreKind.tested)
  func duplicates(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    let address = try await chat.receive()
    for _ in 1...2 { try await chat.say("same", to: address) }
    #expect(try await chat.drain().count == 1)
    let unasked = ReplyAddress(conversation: chat.conversation, requestID: RequestID(), answers: nil)
    for _ in 1...2 { try await chat.say("same", to: unasked) }
    #expect(try await chat.drain().count == 1)
    chat.clock.advance(.seconds(61))
    try await chat.say("same", to: unasked)
    #expect(try await chat.drain().count == 1)
  }

  @Test(
    "a chat that is closed holds everything until something comes in; a notice may close and open it", arguments: StoreKind.tested
  )
  func closed(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    let first = try await chat.receive()
    for text in ["one", "two"] { try await chat.say(text, to: first) }
    let message = try #require(try await chat.claim().first)
    try await chat.store.write { try $0.markTargetGone(message, error: "40034101") }
    #expect(try await chat.drain().isEmpty)
    try await chat.say("three", to: first)
    #expect(try await chat.texts(["held"]).joined(separator: "\n") == "one\ntwo\nthree")
    _ = try await chat.receive()
    #expect(try await chat.drain().map(\.content.text).joined(separator: "\n").hasPrefix("one\ntwo"))
    _ = try await chat.receive(.notice(.botRemoved))
    try await chat.say("four", to: first)
    #expect(try await chat.drain().isEmpty)
    _ = try await chat.receive(.notice(.botAdded))
    #expect(try await chat.drain().last?.content.text.hasSuffix("four") == true)
  }

  @Test("a chat that refuses what nobody asked for still gets its answers", arguments: StoreKind.tested)
  func refusesUnasked(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    _ = try await chat.receive(.notice(.unaskedRefused))
    let unasked = ReplyAddress(conversation: chat.conversation, requestID: RequestID(), answers: nil)
    try await chat.say("news", to: unasked)
    #expect(try await chat.drain().isEmpty)
    let address = try await chat.receive()
    try await chat.say("answer", to: address)
    #expect(try await chat.drain().map(\.content.text) == ["news", "answer"])
  }

  @Test("what is reviewed first is settled by the platform's notice", arguments: StoreKind.tested, [true, false])
  func review(kind: StoreKind, passed: Bool) async throws {
    let chat = try CountingChat(on: kind)
    let address = try await chat.receive()
    try await chat.say("text", to: address)
    let message = try #require(try await chat.claim().first)
    try await chat.store.write { try $0.markReviewing(message, auditID: "a") }
    _ = try await chat.receive(
      .notice(passed ? .reviewPassed(auditID: "a", messageID: "p") : .reviewRejected(auditID: "a")))
    #expect(try await chat.states() == [passed ? "sent" : "failed": 1])
  }

  @Test("at most twenty messages are held for a chat, and none for ever", arguments: StoreKind.tested)
  func bounds(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, limit: 90)
    let unasked = ReplyAddress(conversation: chat.conversation, requestID: RequestID(), answers: nil)
    _ = try await chat.receive(.notice(.unaskedRefused))
    for index in 0..<25 { try await chat.say("\(index) of many words that do not go together", to: unasked) }
    #expect(try await chat.states() == ["held": 20, "failed": 5])
    #expect(
      try await chat.store.write { try $0.tidyOutbox(heldFor: .seconds(60)) } == .init(held: 20, dropped: 5, isUnfinished: false))
    chat.clock.advance(.seconds(61))
    #expect(
      try await chat.store.write { try $0.tidyOutbox(heldFor: .seconds(60)) } == .init(held: 0, dropped: 20, isUnfinished: false))
  }

  @Test("closed windows are forgotten in steps, and a late answer is held all the same", arguments: StoreKind.tested)
  func forgets(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, window: .seconds(60))
    let address = try await chat.receive()
    for _ in 0..<1_500 { _ = try await chat.receive() }
    func step() async throws -> Transaction.Housekeeping {
      try await chat.store.write { try $0.tidyOutbox(heldFor: .seconds(86_400)) }
    }
    #expect(try await step() == .init(held: 0, dropped: 0, isUnfinished: false))
    chat.clock.advance(.seconds(661))
    #expect(try await step().isUnfinished)
    #expect(try await !step().isUnfinished)
    let left: Int? = try await chat.store.read { try $0.row("SELECT COUNT(*) AS left_over FROM reply_budget", [])?["left_over"] }
    #expect(left == 0)
    try await chat.say("late", to: address)
    #expect(try await chat.states() == ["held": 1])
  }

  @Test("a message of ours is taken back once: the newest, or the one that is named", arguments: StoreKind.tested)
  func takeBack(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    let address = try await chat.receive()
    for text in ["one", "two"] { try await chat.say(text, to: address) }
    let sent = try await chat.drain()
    let conversation = chat.conversation
    let ids = try await chat.store.write { transaction in
      try [nil, nil, nil, "foreign"].map { try transaction.takeBack($0, in: conversation) }
    }
    #expect(ids == ["p\(sent[1].id)", "p\(sent[0].id)", nil, nil])
    try await chat.store.write { try $0.enqueueRecall(of: "p1", in: conversation, requestID: RequestID()) }
    #expect(try await chat.drain().map(\.content) == [.recall(messageID: "p1")])
  }
}

@Suite("Rates and turns")
struct SendingRateTests {
  @Test("a chat keeps to its rate, and the rate outlives a restart", arguments: StoreKind.tested)
  func perChat(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, replies: nil, perChat: RateLimit(perMinute: 60, burst: 2))
    let address = try await chat.receive()
    for index in 1...5 { try await chat.say("\(index)", to: address) }
    #expect(try await chat.drain().count == 2)
    try chat.crash()
    #expect(try await chat.drain().isEmpty)
    chat.clock.advance(.seconds(1))
    #expect(try await chat.drain().count == 1)
    #expect(try await chat.store.read { try $0.nextMessageDue() } == chat.clock.now.advanced(by: .seconds(1)))
  }

  @Test("an answer does not wait until something unasked may be said", arguments: StoreKind.tested)
  func unasked(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind, unasked: RateLimit(perMinute: 1, burst: 1))
    let unasked = ReplyAddress(conversation: chat.conversation, requestID: RequestID(), answers: nil)
    for index in 1...2 { try await chat.say("news \(index)", to: unasked) }
    #expect(try await chat.drain().map(\.content.text) == ["news 1"])
    let address = try await chat.receive()
    try await chat.say("answer", to: address)
    #expect(try await chat.drain().map(\.content.text) == ["answer"])
    chat.clock.advance(.seconds(60))
    #expect(try await chat.drain().map(\.content.text) == ["news 2"])
  }

  @Test("a platform's wish for a pause stops its whole channel", arguments: StoreKind.tested)
  func pause(kind: StoreKind) async throws {
    let chat = try CountingChat(on: kind)
    let address = try await chat.receive()
    try await chat.say("text", to: address)
    try await chat.store.write { try $0.pauseChannel("main", until: $0.now.advanced(by: .seconds(5))) }
    #expect(try await chat.drain().isEmpty)
    chat.clock.advance(.seconds(5))
    #expect(try await chat.drain().count == 1)
  }

  @Test(
    "with a channel's rate a chat with a thousand messages lets another wait one turn at most", arguments: StoreKind.tested, 0..<5
  )
  func fair(kind: StoreKind, turn: Int) async throws {
    let chat = try CountingChat(on: kind, replies: nil, window: .seconds(100_000), perChannel: RateLimit(perMinute: 60, burst: 1))
    let busy = try await chat.receive()
    try await chat.store.write { transaction in
      for index in 0..<1_000 { try transaction.enqueue("\(index)", to: busy, as: .final) }
    }
    func one() async throws -> String? {
      chat.clock.advance(.seconds(1))
      return try await chat.drain().first?.content.text
    }
    for _ in 0..<turn { _ = try await one() }
    let quiet = try await chat.receive(in: Scene(.group, "0"))
    try await chat.say("quiet", to: quiet)
    let next = [try await one(), try await one()]
    #expect(next.contains("quiet"))
  }
}

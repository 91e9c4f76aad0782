import Core
import TestSupport
import Testing

@testable import Storage

/// Random walks of one chat: things come in, answers are said, sends succeed, fail, are in doubt, the process dies, time passes.
@Suite("Whatever happens to a chat", .timeLimit(.minutes(5)))
struct LedgerWalkTests {
  @Test(
    "count and window of every reply are kept, the result gets through, and nothing is lost or said twice",
    arguments: StoreKind.tested, 0..<40)
  func walk(kind: StoreKind, seed: Int) async throws {
    var random = SplitMix(state: UInt64(seed))
    let replies = Int.random(in: 1...5, using: &random)
    let chat = try CountingChat(
      on: kind,
      replies: replies, window: .seconds(300), limit: 80,
      perChat: seed.isMultiple(of: 3) ? RateLimit(perMinute: 30, burst: 3) : nil)
    var walk = Walk(chat: chat, replies: replies)
    for _ in 0..<120 {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<4: try await walk.receive()
      case 4..<9: try await walk.say(.interim, from: &random)
      case 9..<11: try await walk.say(.final, from: &random)
      case 11..<17: try await walk.send(outcome: Int.random(in: 0..<10, using: &random))
      case 17..<19: chat.clock.advance(.seconds(Int.random(in: 1...120, using: &random)))
      default: try await walk.crash()
      }
    }
    try await walk.checkTheEnd()
  }
}

private struct Walk {
  let chat: CountingChat
  let replies: Int
  var addresses: [(address: ReplyAddress, closes: Timestamp, hasResult: Bool)] = []
  var said = 0
  /// By reference and number, the one message that used it.
  var used: [String: Int64] = [:]
  var perReference: [String: Set<Int>] = [:]
  /// Words that arrived on the platform.
  var arrived: [String] = []

  init(chat: CountingChat, replies: Int) {
    self.chat = chat
    self.replies = replies
  }

  mutating func receive() async throws {
    let address = try await chat.receive()
    addresses.append((address, chat.clock.now.advanced(by: .seconds(300)), false))
  }

  mutating func say(_ purpose: MessagePurpose, from random: inout SplitMix) async throws {
    guard let index = addresses.indices.suffix(3).randomElement(using: &random) else { return }
    let count = Int.random(in: 1...12, using: &random)
    let words = (said..<said + count).map { "w\($0)." }
    said += count
    let target = addresses[index]
    try await chat.say(words.joined(separator: " "), to: target.address, as: purpose)
    guard purpose == .final, !target.hasResult, chat.clock.now.advanced(by: .seconds(10)) < target.closes else { return }
    addresses[index].hasResult = true
    let reference = target.address.answers?.messageID
    let placed = try await chat.store.read { transaction in
      try transaction.rows("SELECT * FROM outbox WHERE answers = ? AND state = 'pending'", [reference])
        .contains { try Transaction.message(from: $0).content.text.contains(words[0]) }
    }
    #expect(placed, "the first word of a result has its place among the answers")
  }

  mutating func send(outcome: Int) async throws {
    guard let message = try await chat.claim(1).first else { return }
    let reference = try #require(message.answers).messageID
    let target = try #require(addresses.first { $0.address.answers?.messageID == reference })
    #expect(chat.clock.now < target.closes)
    let number = "\(reference) \(message.sequence)"
    #expect(used[number, default: message.id] == message.id)
    used[number] = message.id
    perReference[reference, default: []].insert(message.sequence)
    #expect(perReference[reference, default: []].count <= replies)
    switch outcome {
    case 0: try await chat.store.write { try $0.postpone(message, until: $0.now.advanced(by: .seconds(5)), error: "busy") }
    case 1:
      try await chat.store.write {
        try $0.postpone(message, until: $0.now.advanced(by: .seconds(5)), error: "lost", inDoubt: true)
      }
    case 2:
      try await chat.store.write { try $0.markHeld(message, error: "expired") }
      for index in addresses.indices where addresses[index].address.answers == message.answers {
        addresses[index].closes = chat.clock.now
      }
    default:
      try await chat.store.write { try $0.markSent(message, platformID: nil) }
      arrived += Self.words(message.content.text)
    }
  }

  mutating func crash() async throws {
    _ = try await chat.claim(1)
    try chat.crash()
    try await chat.store.write { transaction in
      try transaction.hurryMessages()
      for message in try transaction.messagesInDoubt() {
        try transaction.postpone(message, until: transaction.now, error: "interrupted", inDoubt: true)
      }
    }
  }

  func checkTheEnd() async throws {
    #expect(Set(arrived).count == arrived.count)
    let rows = try await chat.texts(["sent", "failed", "held", "pending", "sending", "unknown"])
    let words = rows.flatMap(Self.words)
    #expect(words.count == said)
    #expect(Set(words).count == said)
    let held = try await chat.store.read { transaction in
      let counted = try transaction.row("SELECT held FROM outbox_lane", [])?["held"] as Int?
      return (counted ?? 0, try transaction.rows("SELECT id FROM outbox WHERE state = 'held'", []).count)
    }
    #expect(held.0 == held.1)
  }

  private static func words(_ text: String) -> [String] {
    text.split(whereSeparator: \.isWhitespace).map(String.init).filter { $0.hasPrefix("w") && $0.hasSuffix(".") }
  }
}

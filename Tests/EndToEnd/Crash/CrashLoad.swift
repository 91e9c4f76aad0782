import Core

/// People who talk to the robot in many chats, on a platform that delivers again until an event is acknowledged.
struct CrashLoad: Sendable {
  let platform: FaultyPlatform
  let world: OutsideWorld
  let service: RestartingService
  /// Begins the names of chats and messages, so that several loads can share a platform.
  var name = ""
  /// Whether a change may be told to have failed, and not be made: its audit record cannot be written while there is no database.
  var changesMayFail = false
  /// Who wants to know what was said.
  var spoken: Spoken?

  /// Messages that may wait for an answer over all chats; more would only lengthen the queue.
  private static let mostOpen = 300

  /// Says one thing after another in one group until told to stop.
  ///
  /// - Returns: how many were acknowledged.
  @discardableResult
  func read(in group: String, until hasEnded: @Sendable (Int) async -> Bool) async throws -> Int {
    var count = 0
    while await !hasEnded(count) {
      count += 1
      let id = "\(name)\(group)-\(count)"
      try await say(id, "/echo \(id)", from: "ALICE", in: group, answer: id)
      // What is acknowledged may be delivered again all the same.
      if count.isMultiple(of: 10) { try await deliver(id, "/echo \(id)", from: "ALICE", in: group) }
      try await platform.book.waitUntilOpen(atMost: Self.mostOpen)
    }
    return count
  }

  /// Asks for one change after another, has it approved, and judges what is told about it.
  ///
  /// - Returns: how many were told to be made.
  @discardableResult
  func write(in group: String, until hasEnded: @Sendable (Int) async -> Bool) async throws -> Int {
    var (count, made) = (0, 0)
    while await !hasEnded(count) {
      count += 1
      let effect = "\(name)\(group)-\(count)"
      try await say("\(effect)-ask", "/effect.make \(effect)", from: "ALICE", in: group)
      let card = try await platform.book.words(to: "\(effect)-ask")
      guard card.hasPrefix("[approval] ") else {
        platform.book.note(violation: "\(effect): no card but \(card)")
        continue
      }
      let code = card.dropFirst("[approval] ".count).prefix(8)
      try await say("\(effect)-yes", "/approve \(code)", from: "ADMIN", in: group)
      let outcome = try await platform.book.words(to: "\(effect)-yes")
      let times = world.count(of: effect)
      switch outcome {
      case #"{"name":"\#(effect)"}"#:
        made += 1
        if times != 1 { platform.book.note(violation: "\(effect) was told to be made, and was made \(times) times") }
      case _ where outcome.contains("outcome unknown"):
        if times > 1 { platform.book.note(violation: "\(effect) was made \(times) times") }
      case _ where changesMayFail && outcome.contains("(effect.make) failed: "):
        if times > 0 { platform.book.note(violation: "\(effect) was told to have failed, and was made") }
      default: platform.book.note(violation: "\(effect): \(outcome)")
      }
    }
    return made
  }

  func say(_ id: String, _ text: String, from member: String, in group: String, answer: String? = nil) async throws {
    let entry = ReplyBook.Entry(id: id, path: "/v2/groups/\(name)\(group)/messages", answer: answer)
    platform.book.offer(entry)
    spoken?.offered(entry)
    try await deliver(id, text, from: member, in: group)
  }

  private func deliver(_ id: String, _ text: String, from member: String, in group: String) async throws {
    let event = QQPlatform.groupMessage(id, text, from: member, in: "\(name)\(group)")
    while true {
      let port = try await service.port()
      if let answer = try? await QQPlatform.deliver(event, to: port), answer.status == 200 {
        spoken?.acknowledged(id, by: answer.requestID)
        return
      }
      // Refused, or dead: a platform comes again after a while, too.
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

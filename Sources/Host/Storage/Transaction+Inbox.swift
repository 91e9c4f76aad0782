package import Core
import Foundation

/// Which events go first, over all conversations and within each. Their order is kept within a class only.
package enum EventClass: String, Sendable, CaseIterable {
  /// Decisions that the robot, or somebody who asked it for something, waits for.
  case urgent
  case ordinary

  /// The column of a lane that says when the oldest of its waiting events of this class is due.
  fileprivate var column: String { self == .urgent ? "urgent_at" : "ready_at" }
}

/// An event that a worker holds: nobody else works on its conversation until it is completed or retried.
package struct ClaimedEvent: Sendable {
  package let sequence: Int64
  package let event: ChatEvent
  package let kind: EventClass
  /// How often it was claimed, this time included.
  package let attempt: Int
  /// Of its lane: raised with each claim, so that whoever lost a claim is told apart from whoever holds it now.
  let epoch: Int64
}

extension Transaction {
  /// Inserts the event with its keys and wakes its lane; or reports under which request id it was known.
  ///
  /// - Parameters:
  ///   - body: the event, encoded before the transaction began: every other writer waits for what happens inside.
  ///   - limit: events of this class that may wait in one conversation; nil when fewer wait in all of them.
  /// - Returns: a failure when the conversation is full; nothing was changed then.
  func insert(
    _ event: ChatEvent, body: String, as kind: EventClass = .ordinary, limit: Int? = nil
  ) throws -> Result<Acceptance, JournalError> {
    let conversation = event.conversation.description
    if let limit, try waiting(in: conversation, kind, atMost: limit) >= limit {
      if let known = try knownRequest(of: event) { return .success(.duplicate(of: known)) }
      return .failure(
        JournalError(.conversationFull, message: "\(limit) events of this chat are waiting already; come again later"))
    }
    if let known = try keepKeys(of: event) { return .success(.duplicate(of: known)) }
    try run(
      """
      INSERT INTO event (request_id, conversation, channel, message_id, body, received_at, urgent, due_at, state)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending')
      """,
      [
        event.requestID.description, conversation, event.conversation.channel, event.messageID, body,
        event.receivedAt.milliseconds, kind == .urgent, now.milliseconds,
      ])
    try wake(conversation, for: kind)
    try noteInbound(event)
    return .success(.accepted)
  }

  /// Keeps the keys of a new event. When one of them was kept before, the event is known, and those that are new name the same request:
  /// the next redelivery may come under them.
  ///
  /// - Returns: under which request the event came before.
  private func keepKeys(of event: ChatEvent) throws -> RequestID? {
    guard !event.dedupeKeys.isEmpty else { return nil }
    let rows = event.dedupeKeys.map { key in
      [event.conversation.channel.sqlValue, key.sqlValue, event.requestID.description.sqlValue, now.milliseconds.sqlValue]
    }
    let marks = rows.map { _ in "(?, ?, ?, ?)" }.joined(separator: ", ")
    let kept = try run(
      "INSERT INTO event_key (channel, key, request_id, at) VALUES \(marks) ON CONFLICT DO NOTHING",
      SQLArguments(rows.flatMap(\.self)))
    guard kept < event.dedupeKeys.count, let known = try knownRequest(of: event, except: kept > 0 ? event.requestID : nil) else {
      return nil
    }
    if kept > 0 {
      try run(
        "UPDATE event_key SET request_id = ? WHERE channel = ? AND request_id = ? AND key IN (\(Self.marks(event.dedupeKeys)))",
        SQLArguments(
          ([known.description, event.conversation.channel, event.requestID.description] + event.dedupeKeys).map(\.sqlValue)))
    }
    return known
  }

  /// Under which request the event came before, by whichever of its keys.
  private func knownRequest(of event: ChatEvent, except own: RequestID? = nil) throws -> RequestID? {
    guard !event.dedupeKeys.isEmpty else { return nil }
    let known = try row(
      """
      SELECT request_id FROM event_key
      WHERE channel = ? AND request_id <> ? AND key IN (\(Self.marks(event.dedupeKeys))) LIMIT 1
      """,
      SQLArguments(([event.conversation.channel, own?.description ?? ""] + event.dedupeKeys).map(\.sqlValue)))
    return try known.flatMap { RequestID(try $0["request_id"] as String) }
  }

  private static func marks(_ values: [String]) -> String {
    values.map { _ in "?" }.joined(separator: ", ")
  }

  /// Makes the lane due, unless it is, or waits for the time of an earlier event of the class. An owned lane is set ready by the worker
  /// that holds it; both run on the one writer, so neither can miss the other.
  func wake(_ conversation: String, for kind: EventClass) throws {
    let column = kind.column
    try run(
      """
      INSERT INTO lane (conversation, \(column)) VALUES (?, ?)
      ON CONFLICT (conversation) DO UPDATE SET \(column) = excluded.\(column) WHERE lane.owner IS NULL AND lane.\(column) IS NULL
      """,
      [conversation, now.milliseconds])
  }

  /// How many events of the class wait in the conversation; counts no further than `limit`.
  private func waiting(in conversation: String, _ kind: EventClass, atMost limit: Int) throws -> Int {
    let counted = try row(Self.countWaiting, [conversation, kind == .urgent, limit])
    return try counted?["waiting"] ?? 0
  }

  static let countWaiting = """
    SELECT COUNT(*) AS waiting FROM (
      SELECT 1 AS one FROM event WHERE conversation = ? AND state = 'pending' AND urgent = ? LIMIT ?) AS those
    """

  // MARK: Claiming

  /// Claims the oldest event of the conversation that has waited longest with one of the first class that has any due; nil when
  /// nothing is due.
  ///
  /// - Parameter onUnreadable: told of an event that cannot be read, which was put aside.
  package func claimEvent(
    among classes: [EventClass] = EventClass.allCases, onUnreadable: (_ sequence: Int64) throws -> Void = { _ in }
  ) throws -> ClaimedEvent? {
    for kind in classes {
      while let lane = try row(Self.dueLane(kind), [now.milliseconds]) {
        if let claimed = try claimHead(of: try lane["conversation"], kind, onUnreadable) { return claimed }
      }
    }
    return nil
  }

  static func dueLane(_ kind: EventClass) -> String {
    "SELECT conversation FROM lane WHERE \(kind.column) <= ? ORDER BY \(kind.column), conversation LIMIT 1"
  }

  static let head = """
    SELECT seq, body, attempts FROM event WHERE conversation = ? AND state = 'pending' AND urgent = ? ORDER BY seq LIMIT 1
    """

  private func claimHead(
    of conversation: String, _ kind: EventClass, _ onUnreadable: (Int64) throws -> Void
  ) throws -> ClaimedEvent? {
    guard let head = try row(Self.head, [conversation, kind == .urgent]) else {
      try run("UPDATE lane SET \(kind.column) = NULL WHERE conversation = ?", [conversation])
      return nil
    }
    let sequence: Int64 = try head["seq"]
    // A row that cannot be read must not hold up every conversation.
    guard let event: ChatEvent = try? StoredText.decode(try head["body"]) else {
      try run(
        "UPDATE event SET state = 'dead', error = 'unreadable', buried_at = ? WHERE seq = ?", [now.milliseconds, sequence])
      try onUnreadable(sequence)
      return nil
    }
    let taken = try row(
      """
      UPDATE lane SET urgent_at = NULL, ready_at = NULL, owner = ?, epoch = epoch + 1 WHERE conversation = ? RETURNING epoch
      """, [boot, conversation])
    try run("UPDATE event SET attempts = attempts + 1 WHERE seq = ?", [sequence])
    return ClaimedEvent(
      sequence: sequence, event: event, kind: kind, attempt: (try head["attempts"] as Int) + 1, epoch: try taken?["epoch"] ?? 0)
  }

  /// When the next lane becomes due with an event of one of the classes, if any waits for a later time.
  package func nextLaneDue(among classes: [EventClass] = EventClass.allCases) throws -> Timestamp? {
    let due = try classes.compactMap { kind in
      try row("SELECT \(kind.column) AS due FROM lane WHERE \(kind.column) IS NOT NULL ORDER BY \(kind.column) LIMIT 1", [])
    }
    return try due.map { Timestamp(milliseconds: try $0["due"]) }.min()
  }

  // MARK: Ending

  /// Marks the event done, together with whatever else this transaction holds, and frees its conversation.
  package func complete(_ claimed: ClaimedEvent) throws {
    try finish(claimed, state: "done", error: nil)
  }

  /// Forgets what a completed event said, before its time: it held a secret.
  package func forgetText(of claimed: ClaimedEvent) throws {
    try run("UPDATE event SET body = '' WHERE seq = ?", [claimed.sequence])
  }

  /// Puts an event aside that failed too often; it stays in the table as `dead`.
  package func bury(_ claimed: ClaimedEvent, error: String) throws {
    try finish(claimed, state: "dead", error: error)
    try run("UPDATE event SET buried_at = ? WHERE seq = ?", [now.milliseconds, claimed.sequence])
  }

  /// Gives the event back: it is next due at `time`, and the others of its class and conversation wait for it.
  package func retry(_ claimed: ClaimedEvent, at time: Timestamp, error: String) throws {
    try verify(claimed)
    try run("UPDATE event SET error = ?, due_at = ? WHERE seq = ?", [error, time.milliseconds, claimed.sequence])
    try free("conversation = ?2", claimed.event.conversation.description)
  }

  /// Gives an event back on which no work was begun.
  package func release(_ claimed: ClaimedEvent) throws {
    try verify(claimed)
    try run("UPDATE event SET attempts = attempts - 1 WHERE seq = ?", [claimed.sequence])
    try free("conversation = ?2", claimed.event.conversation.description)
  }

  private func finish(_ claimed: ClaimedEvent, state: String, error: String?) throws {
    try verify(claimed)
    try run("UPDATE event SET state = ?, error = ? WHERE seq = ?", [state, error, claimed.sequence])
    try free("conversation = ?2", claimed.event.conversation.description)
  }

  /// Frees lanes; each is due again when the oldest of its waiting events is, by class, and then goes behind the others that wait.
  private func free(_ which: String, _ argument: String) throws {
    func due(_ isUrgent: Int) -> String {
      """
      (SELECT GREATEST(due_at, ?1) FROM event
        WHERE event.conversation = lane.conversation AND state = 'pending' AND urgent = \(isUrgent) ORDER BY seq LIMIT 1)
      """
    }
    try run(
      "UPDATE lane SET owner = NULL, urgent_at = \(due(1)), ready_at = \(due(0)) WHERE \(which)", [now.milliseconds, argument])
  }

  /// Whoever lost the claim, because it had been silent for too long, must change nothing: the event is somebody else's.
  private func verify(_ claimed: ClaimedEvent) throws {
    let lane = try row("SELECT owner, epoch FROM lane WHERE conversation = ?", [claimed.event.conversation.description])
    guard let lane, (try lane["owner"] as String?) == boot, try lane["epoch"] == claimed.epoch else {
      throw StoreError(.claimLost, "another instance has taken over this conversation")
    }
  }

  /// Frees the lanes that a dead run of the service held.
  package func freeLanesOfTheDead() throws {
    try free("owner IS NOT NULL AND owner <> ?2 AND owner NOT IN (SELECT boot FROM instance)", boot)
  }

  /// Makes every waiting event due: times of an earlier run mean nothing when the clock was set back in between.
  package func hurryLanes() throws {
    for column in EventClass.allCases.map(\.column) {
      try run("UPDATE lane SET \(column) = ?1 WHERE \(column) > ?1", [now.milliseconds])
    }
    try run("UPDATE event SET due_at = ?1 WHERE state = 'pending' AND due_at > ?1", [now.milliseconds])
  }

  /// Whether everything that follows at once from this message is done and sent: the event itself, its replies, and
  /// the run of a write call that it approved.
  package func isSettled(messageID: String, in conversation: Conversation) throws -> Bool {
    let open = try row(
      """
      SELECT EXISTS (
          SELECT 1 FROM event INDEXED BY event_pending WHERE conversation = ?3 AND message_id = ?2 AND state = 'pending')
        OR EXISTS (SELECT 1 FROM write_call WHERE reply_message = ?2 AND state IN ('approved', 'claimed'))
        OR EXISTS (
          SELECT 1 FROM outbox INDEXED BY outbox_open
          WHERE channel = ?1 AND answers = ?2 AND state IN ('pending', 'sending')) AS open
      """,
      [conversation.channel, messageID, conversation.description])
    return try open.map { (try $0["open"] as Int) == 0 } ?? true
  }
}

/// How values are kept in text columns.
package enum StoredText {
  package static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  package static func decode<Value: Decodable>(_ text: String) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(text.utf8))
  }
}

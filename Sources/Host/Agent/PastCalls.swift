import Core
package import Policy
package import Storage

/// Calls that were decided before, read back from the audit log, so that other rules can be asked about them.
package struct PastCalls: Sendable {
  /// The latest first.
  package private(set) var calls: [PolicyDiff.PastCall] = []
  /// Decided calls whose arguments were forgotten in the meantime.
  package private(set) var forgotten = 0

  private static let batch: Int64 = 1000

  /// The last `count` calls of the log.
  package init(last count: Int, in store: Store) async throws {
    var end = try await store.read { try $0.lastAuditHash()?.sequence ?? 0 }
    while end > 0, calls.count + forgotten < count {
      let start = max(0, end - Self.batch)
      let rows = try await store.read { [end] in try $0.auditRows(after: start, limit: Int(end - start)) }
      for row in rows.reversed() where calls.count + forgotten < count { take(row) }
      end = start
    }
  }

  private mutating func take(_ row: AuditRow) {
    guard let head = try? JSON(parsing: row.head), head["kind"] == "call.decided" else { return }
    guard let body = row.body.flatMap({ try? JSON(parsing: $0.text) }), let question = Self.question(head, body) else {
      forgotten += 1
      return
    }
    calls.append(PolicyDiff.PastCall(sequence: row.sequence, question: question))
  }

  private static func question(_ head: JSON, _ body: JSON) -> CallQuestion? {
    guard let name = head["tool"]?.string, let time = head["ts"]?.integer,
      let effect = head["effect"]?.string.flatMap(Effect.init), let actor = body["actor"]?.string,
      let arguments = body["arguments"], let conversation = body["scene"]?.string.flatMap(conversation)
    else { return nil }
    let tool = Tool(
      name: name, skill: head["skill"]?.string ?? "", build: head["skill_hash"]?.string ?? "", summary: "", effect: effect,
      parameters: [], rest: nil)
    return CallQuestion(
      requester: actor, tool: tool, arguments: arguments, conversation: conversation, origin: .command,
      now: Timestamp(milliseconds: time))
  }

  /// `main/102000000/group:7D1C`, as `Conversation.description` has it.
  private static func conversation(_ text: String) -> Conversation? {
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, let scene = Scene(text: parts[2]) else { return nil }
    return Conversation(channel: parts[0], account: parts[1], scene: scene)
  }
}

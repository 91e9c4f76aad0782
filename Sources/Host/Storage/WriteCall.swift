package import Core

/// One call of a write tool, from the request to its outcome. What runs is exactly what this record holds.
package struct WriteCall: Sendable {
  /// `pending` waits for admins; `approved` waits for its run; `claimed` runs, or was interrupted by a crash.
  package enum State: String, Sendable, CaseIterable {
    case pending, approved, claimed, succeeded, failed, unknown, denied, expired, cancelled, invalidated
  }

  package var id: Int64
  /// What people type to name it: 8 symbols of Crockford's base 32. A selector, never an authority.
  package let code: String
  /// SHA-256 over tool, canonical arguments, skill build, effect, requester and scene, in hexadecimal.
  package let digest: String
  package var state: State
  package let tool: String
  package let skill: String
  package let build: String
  package let arguments: JSON
  package let requestID: RequestID
  package let requester: String
  package let requesterName: String
  /// What the platform said of the requester when it was asked for; see `roles.yaml`.
  package let requesterRole: Sender.PlatformRole?
  /// Where it was asked for.
  package let conversation: Conversation
  /// Names of the gates to pass; empty when policy lets it run unattended.
  package let gates: [String]
  /// The gates in full, as they were when it was asked for: what the room that decides wrote down, and nothing to the store.
  package let terms: String
  package let createdAt: Timestamp
  package let expiresAt: Timestamp
  /// Milliseconds after the approval within which it must start.
  package let runWithin: Int64
  package var runDeadline: Timestamp?
  /// Where its outcome is told.
  package var reply: ReplyAddress
  /// The run of the process that claimed it.
  package var boot: String?
  /// What came of it, for people; nil while open.
  package var outcome: String?
  /// Other chats that its card was sent to.
  package var forwarded: [Conversation] = []
  /// When people approved or denied it; nil as long as they have not, and for what they were never asked about.
  package var decidedAt: Timestamp?

  package init(
    code: String, digest: String, state: State, call: ToolCall, requesterName: String,
    requesterRole: Sender.PlatformRole? = nil, conversation: Conversation, gates: [String], terms: String = "[]",
    createdAt: Timestamp, expiresAt: Timestamp, runWithin: Int64, runDeadline: Timestamp?,
    reply: ReplyAddress
  ) {
    id = 0
    self.code = code
    self.digest = digest
    self.state = state
    tool = call.tool.name
    skill = call.tool.skill
    build = call.tool.build
    arguments = call.arguments
    requestID = call.requestID
    requester = call.requester
    self.requesterName = requesterName
    self.requesterRole = requesterRole
    self.conversation = conversation
    self.gates = gates
    self.terms = terms
    self.createdAt = createdAt
    self.expiresAt = expiresAt
    self.runWithin = runWithin
    self.runDeadline = runDeadline
    self.reply = reply
  }

  init(row: SQLRow) throws {
    guard let state = State(rawValue: try row["state"]), let requestID = RequestID(try row["request_id"]),
      let replyRequestID = RequestID(try row["reply_request_id"])
    else { throw StoreError(.damaged, "write call \(try row["id"] as Int64) is unreadable") }
    let conversation: Conversation = try StoredText.decode(try row["conversation"])
    id = try row["id"]
    code = try row["code"]
    digest = try row["digest"]
    self.state = state
    tool = try row["tool"]
    skill = try row["skill"]
    build = try row["build"]
    arguments = try JSON(parsing: try row["arguments"] as String)
    self.requestID = requestID
    requester = try row["requester"]
    requesterName = try row["requester_name"]
    requesterRole = (try row["requester_role"] as String?).flatMap(Sender.PlatformRole.init)
    self.conversation = conversation
    gates = try StoredText.decode(try row["gates"])
    terms = try row["terms"]
    createdAt = Timestamp(milliseconds: try row["created_at"])
    expiresAt = Timestamp(milliseconds: try row["expires_at"])
    runWithin = try row["run_within"]
    runDeadline = (try row["run_deadline"] as Int64?).map { Timestamp(milliseconds: $0) }
    reply = ReplyAddress(
      conversation: conversation, requestID: replyRequestID,
      answers: try (row["reply_message"] as String?).map {
        MessageReference(
          messageID: $0, kind: (try row["reply_kind"] as String?).flatMap(MessageReference.Kind.init) ?? .message)
      })
    boot = try row["boot"]
    outcome = try row["outcome"]
    forwarded = try StoredText.decode(try row["forwarded"])
    decidedAt = (try row["decided_at"] as Int64?).map { Timestamp(milliseconds: $0) }
  }
}

/// One person's word on one write call.
package struct Vote: Sendable, Hashable {
  package enum Verb: String, Sendable {
    case approve, deny
  }

  /// Who votes at the machine itself; no platform gives such an id.
  package static let console = "console"

  /// The person that policy resolved the sender to; one vote a person.
  package let person: String
  /// The platform identity that spoke.
  package let sender: String
  package let verb: Verb
  /// Where it was said; nil for votes of versions that did not note it.
  package let conversation: Conversation?
  /// Why it does not count any more; nil while it does.
  package let voided: String?

  package init(person: String, sender: String, verb: Verb, conversation: Conversation? = nil, voided: String? = nil) {
    self.person = person
    self.sender = sender
    self.verb = verb
    self.conversation = conversation
    self.voided = voided
  }
}

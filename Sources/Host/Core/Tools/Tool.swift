/// What a tool may do to the world. A manifest that does not say means `write`.
package enum Effect: String, Codable, Sendable {
  case read
  case write
}

/// One tool as the planner, policy and the help text see it.
package struct Tool: Sendable, Hashable {
  /// Public name, unique in the host: `tickets.create`.
  package let name: String
  /// Id of the skill that owns it: `org.openclaw.tickets`.
  package let skill: String
  /// SHA-256 of the skill image, lower-case hexadecimal.
  package let build: String
  package let summary: String
  package let effect: Effect
  package let parameters: [ToolParameter]
  /// The parameter that takes the rest of a command line verbatim, if any.
  package let rest: String?
  /// JSON Schema (draft 2020-12) of the arguments, always of type object: what a model is told of them.
  package let inputSchema: JSON

  package init(
    name: String, skill: String, build: String, summary: String, effect: Effect, parameters: [ToolParameter], rest: String?,
    inputSchema: JSON = ["type": "object"]
  ) {
    self.name = name
    self.skill = skill
    self.build = build
    self.summary = summary
    self.effect = effect
    self.parameters = parameters
    self.rest = rest
    self.inputSchema = inputSchema
  }
}

/// One named argument of a tool, in the order of positional use.
package struct ToolParameter: Sendable, Hashable {
  package enum Kind: String, Sendable {
    case boolean, integer, number, string
    /// Arrays and objects: given as JSON.
    case json
  }

  package let name: String
  package let kind: Kind
  package let required: Bool
  package let summary: String?

  package init(name: String, kind: Kind, required: Bool, summary: String? = nil) {
    self.name = name
    self.kind = kind
    self.required = required
    self.summary = summary
  }
}

/// One call of one tool, complete and on behalf of somebody.
package struct ToolCall: Sendable, Hashable {
  /// The exact build that was looked up when the call was planned: a changed build is another call.
  package let tool: Tool
  /// Always an object.
  package let arguments: JSON
  package let requestID: RequestID
  /// The sender's identity, as in `Sender.id`.
  package let requester: String
  /// The same for every attempt at this call; a tool may use it to recognise a repeat.
  package let idempotencyKey: String
  /// Where the call was asked for and what a message of the tool would answer; nil when it did not come from a chat.
  package let origin: ReplyAddress?

  package init(
    tool: Tool, arguments: JSON, requestID: RequestID, requester: String, idempotencyKey: String, origin: ReplyAddress? = nil
  ) {
    self.tool = tool
    self.arguments = arguments
    self.requestID = requestID
    self.requester = requester
    self.idempotencyKey = idempotencyKey
    self.origin = origin
  }
}

/// Why a tool call gave no result.
package struct ToolError: Error, Sendable, Equatable {
  package enum Code: String, Sendable {
    case badArgument = "bad_argument"
    case denied
    case notFound = "not_found"
    case conflict
    case unavailable
    case cancelled
    case deadline
    case tooLarge = "too_large"
    case `internal`
    /// A code of 100 or more: the skill's own.
    case skill
    /// The skill's process died during the call.
    case crashed
    /// Killed by the host at its deadline.
    case killed
    /// The skill broke the frame protocol and was killed.
    case protocolError = "protocol_error"
    /// The tool, or this build of it, is not loaded (any more).
    case gone
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// Whether the tool may have had its effect although no result came back.
  package var isEffectUnknown: Bool {
    switch code {
    case .crashed, .killed, .deadline, .protocolError, .cancelled: true
    default: false
    }
  }
}

/// Where tools live. `SkillHost` is the real one.
package protocol Toolbox: Sendable {
  /// All callable tools, sorted by name.
  var tools: [Tool] { get }
  /// What the folders of loaded skills say about their use, sorted by name.
  var instructions: [SkillInstructions] { get }
  /// The tool as it is loaded now.
  func tool(named name: String) -> Tool?
  /// Checks types, ranges and required names against the tool's signature without calling it.
  func validate(_ arguments: JSON, for tool: Tool) throws(ToolError)
  /// Runs one call on exactly the build that the call names.
  func call(_ call: ToolCall) async throws(ToolError) -> JSON
  /// One line per skill that is loaded, refused, quarantined or waiting: for `/status`.
  func status() -> [SkillStatus]
}

extension Toolbox {
  package var instructions: [SkillInstructions] { [] }
}

/// What the host knows about one file in the plug-in folder.
package struct SkillStatus: Sendable, Hashable {
  package enum State: String, Sendable {
    case loaded, refused, waiting, quarantined
    /// The operator has switched it off.
    case disabled
  }

  /// The skill's id, or the file name while the id is unknown.
  package let name: String
  package let file: String
  package let version: String?
  package let build: String?
  package let state: State
  /// Why, when it is not `loaded`; the last crash otherwise.
  package let detail: String?
  /// The operator's name for the trusted key that the build is signed with.
  package let signer: String?

  package init(
    name: String, file: String, version: String?, build: String?, state: State, detail: String?, signer: String? = nil
  ) {
    self.name = name
    self.file = file
    self.version = version
    self.build = build
    self.state = state
    self.detail = detail
    self.signer = signer
  }
}

/// Keyed storage of one skill; the `kv` capability stands on it.
package protocol SkillKeyValueStore: Sendable {
  func value(forKey key: String, of skill: String) async throws -> JSON?
  /// Stores or, with nil, deletes. Returns false when the skill's quota would be exceeded.
  func set(_ value: JSON?, forKey key: String, of skill: String) async throws -> Bool
  /// Keys with the prefix and their values, in key order, at most `limit`.
  func entries(withPrefix prefix: String, limit: Int, of skill: String) async throws -> [(key: String, value: JSON)]
}

import Core

@testable import Agent
@testable import Approvals

/// What people type: rules of a chat, command line, arguments and codes. The first byte chooses how the robot listens.
func fuzzChat(_ input: UnsafeRawBufferPointer) -> CInt {
  guard let first = input.first, let text = String(validating: input.dropFirst(), as: UTF8.self) else { return 0 }
  let event = ChatEvent(
    requestID: RequestID(at: Timestamp(seconds: 1)), receivedAt: Timestamp(seconds: 1),
    kind: first & 1 == 0 ? .message : .button(ButtonPress(interactionID: "i", buttonID: nil, mustBeAcknowledged: true)),
    conversation: Conversation(channel: "c", account: "a", scene: Scene(first & 2 == 0 ? .group : .private, "1")),
    sender: Sender(id: "s", name: text, isBot: first & 4 != 0), messageID: "m", text: text,
    mentions: Mentions(bot: first & 8 != 0), repliesTo: first & 16 != 0 ? "q" : nil, isPlain: first & 32 == 0, dedupeKeys: ["m"])
  let rules = ChatRules(rules: first & 64 == 0 ? [] : [.init(match: "*", respond: .prefix, prefix: "!")])
  _ = rules.relevance(of: event)
  let objection = DecidingMessage.objection(to: event)
  if objection == nil {
    precondition(text.unicodeScalars.allSatisfy { (" "..."~").contains($0) }, "decides with more than ASCII")
  }
  if case .command(let line) = event.kind == .message ? rules.request(in: event) : rules.pressed(text) {
    precondition(!line.verb.isEmpty && !line.verb.contains(where: \.isWhitespace))
    fuzzArguments(line.rest)
    for word in line.rest.split(separator: " ") {
      guard let code = ApprovalCode.parse(word) else { continue }
      precondition(code.utf8.count == 8 && ApprovalCode.parse(code) == code && ApprovalCode.parse(code.lowercased()) == code)
    }
  }
  fuzzShown(text)
  return 0
}

private let tool = Tool(
  name: "t", skill: "s", build: "b", summary: "", effect: .write,
  parameters: [
    ToolParameter(name: "a", kind: .string, required: true), ToolParameter(name: "n", kind: .integer, required: false),
    ToolParameter(name: "x", kind: .number, required: false), ToolParameter(name: "j", kind: .json, required: false),
    ToolParameter(name: "rest", kind: .string, required: false),
  ], rest: "rest")

/// Arguments that are taken come from the line, have the types that they must have, and survive their canonical form.
private func fuzzArguments(_ line: String) {
  guard let arguments = try? CommandArguments.parse(line, for: tool) else { return }
  let canonical = arguments.canonical
  precondition((try? JSON(parsing: canonical))?.canonical == canonical, "arguments change on their way")
  for (name, value) in arguments.object ?? [:] {
    precondition(tool.parameters.contains { $0.name == name })
    precondition(name != "n" || value.integer != nil)
  }
}

/// What is shown has nothing invisible in it and no line of its own; what was defused stays so.
private func fuzzShown(_ text: String) {
  for shown in [ShownText.escape(text), ShownText.escape(text, limit: 16), ShownText.identifier(text)] {
    precondition(!shown.contains(where: \.isNewline))
    precondition(shown.unicodeScalars.allSatisfy { !$0.properties.isDefaultIgnorableCodePoint && $0.value >= 0x20 })
  }
  let said = ForeignText.defused(text)
  precondition(ForeignText.defused(said) == said, "a defused line must be defused again")
}

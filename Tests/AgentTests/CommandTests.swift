import Core
import TestSupport
import Testing

@testable import Agent

@Suite("Arguments of a command line")
struct CommandArgumentsTests {
  private let create = Tool(
    name: "tickets.create", skill: "s", build: "b", summary: "", effect: .write,
    parameters: [
      ToolParameter(name: "title", kind: .string, required: true),
      ToolParameter(name: "priority", kind: .integer, required: false),
      ToolParameter(name: "urgent", kind: .boolean, required: false), ToolParameter(name: "tags", kind: .json, required: false),
      ToolParameter(name: "weight", kind: .number, required: false),
    ], rest: nil)

  @Test(
    "are read by name, by position, in quotes and as JSON",
    arguments: [
      (#"title="two words" priority=2"#, #"{"title":"two words","priority":2}"#),
      (#""two words" 2"#, #"{"title":"two words","priority":2}"#),
      (#"“two words” 2"#, #"{"title":"two words","priority":2}"#),
      (#"priority=-3 later"#, #"{"title":"later","priority":-3}"#),
      (#"title="a \"b\" \\ \n c""#, #"{"title":"a \"b\" \\ \n c"}"#),
      (#"title=a=b"#, #"{"title":"a=b"}"#),
      (
        #"x tags=["a b",{"k":"]"}] urgent=true weight=2.5"#, #"{"title":"x","tags":["a b",{"k":"]"}],"urgent":true,"weight":2.5}"#
      ),
      (#"x weight=2"#, #"{"title":"x","weight":2}"#),
      ("  中文\t3 ", #"{"title":"中文","priority":3}"#),
      ("", "{}"),
    ])
  func reads(line: String, expected: String) throws {
    #expect(try CommandArguments.parse(line, for: create) == JSON(parsing: expected))
  }

  @Test(
    "are refused with the usage when they cannot be meant",
    arguments: [
      #"title="open"#, "title=a title=b", "colour=red", "a 1 true [] 2 extra", "a priority=high",
      "a priority=99999999999999999999",
      "a urgent=perhaps", "a tags=[1", #"a tags={"k":1,"k":2}"#, "a weight=nan", "a weight=1e999",
    ])
  func refuses(line: String) {
    let error = #expect(throws: ToolError.self) { try CommandArguments.parse(line, for: create) }
    #expect(error?.code == .badArgument)
    #expect(error?.message.contains("usage: /tickets.create title=<string> [priority=<integer>]") == true)
  }

  @Test(
    "a tool may take the rest of the line as it stands",
    arguments: [#"any text at all"#, #" a=b "c"  d "#, #"{"x" "#, "\"open", "text=x"])
  func rest(line: String) throws {
    let echo = Tool(
      name: "echo", skill: "s", build: "b", summary: "", effect: .read,
      parameters: [ToolParameter(name: "text", kind: .string, required: true)], rest: "text")
    #expect(try CommandArguments.parse(line, for: echo) == ["text": .string(line)])
  }

  @Test("the rest begins when every other required argument has its value")
  func restAfterOthers() throws {
    let remind = Tool(
      name: "remind", skill: "s", build: "b", summary: "", effect: .write,
      parameters: [
        ToolParameter(name: "when", kind: .string, required: true), ToolParameter(name: "text", kind: .string, required: true),
      ], rest: "text")
    #expect(
      try CommandArguments.parse(#"10m buy "milk" a=b"#, for: remind) == ["when": "10m", "text": #"buy "milk" a=b"#])
  }
}

@Suite("When the robot listens")
struct ChatRulesTests {
  private func request(_ text: String, mention: Bool, in scene: Scene, rules: [ChatRules.Rule] = []) -> ChatRequest? {
    ChatRules(rules: rules).request(in: ChatEvent.sample("m", text, in: scene, mention: mention))
  }

  private func command(_ text: String) -> ChatRequest? {
    CommandLine(text).map { .command($0) }
  }

  private let group = Scene(.group, "9")

  @Test("in groups only to mentions, in private to everything, unless a rule says otherwise")
  func defaults() {
    #expect(request("/help", mention: false, in: group) == nil)
    #expect(request("hello", mention: false, in: group) == nil)
    #expect(request("/help", mention: true, in: group) == command("help"))
    #expect(request("hello", mention: true, in: group) == .talk)
    #expect(request("/help", mention: false, in: Scene(.private, "1")) == command("help"))
    #expect(request("hello", mention: false, in: Scene(.private, "1")) == .talk)
  }

  @Test("an answer to a card needs no mention")
  func approvals() {
    #expect(request("/approve 7K3M9QXA", mention: false, in: group) == command("approve 7K3M9QXA"))
  }

  @Test("prefix mode takes what begins with the prefix, and the first matching rule counts")
  func prefix() {
    let rules = [
      ChatRules.Rule(match: "group:9", respond: .prefix, prefix: "!"), ChatRules.Rule(match: "group:*", respond: .all),
    ]
    #expect(request("!echo hi", mention: false, in: group, rules: rules) == command("echo hi"))
    #expect(request("/echo hi", mention: true, in: group, rules: rules) == nil)
    #expect(request("/echo hi", mention: false, in: Scene(.group, "8"), rules: rules) == command("echo hi"))
  }

  @Test("a command keeps everything after the one space that follows its verb")
  func verbatim() {
    #expect(CommandLine("Echo  two spaces ")?.rest == " two spaces ")
    #expect(CommandLine("echo")?.rest == "")
    #expect(CommandLine(" echo") == nil)
  }
}

@Suite("What matters while the queue fills up")
struct RelevanceTests {
  static func event(
    _ text: String, in scene: Scene.Kind = .group, mention: Bool = false, kind: ChatEvent.Kind = .message
  ) -> ChatEvent {
    ChatEvent(
      requestID: RequestID(), receivedAt: Timestamp(seconds: 1), kind: kind,
      conversation: Conversation(channel: "c", account: "a", scene: Scene(scene, "1")), sender: Sender(id: "s", name: ""),
      messageID: "m", text: text, mentions: Mentions(bot: mention), dedupeKeys: ["m"])
  }

  static let press = ChatEvent.Kind.button(ButtonPress(interactionID: "i", buttonID: nil, mustBeAcknowledged: true))

  @Test(
    "talk that is not for the robot is background, answers to cards and buttons are decisions, the rest are requests",
    arguments: [
      (event("hello all"), Relevance.background), (event("/echo hi"), .background), (event("/echo hi", mention: true), .request),
      (event("hello", mention: true), .request), (event("hello", in: .private), .request),
      (event("hello", in: .guildPrivate), .request), (event("/approve ABCD"), .decision), (event("/DENY ABCD"), .decision),
      (event("/show ABCD", in: .private), .decision), (event("/resolve ABCD done"), .decision),
      (event("approve ABCD"), .background), (event("/approved"), .background),
      (event("", kind: press), .decision), (event("", in: .private, kind: .notice(.friendAdded)), .background),
    ])
  func ranks(event: ChatEvent, expected: Relevance) {
    #expect(ChatRules().relevance(of: event) == expected)
  }

  @Test("the rules of the chats decide what is for the robot")
  func rules() {
    let rules = ChatRules(rules: [.init(match: "group:1", respond: .all), .init(match: "guild:*", respond: .prefix, prefix: "!")])
    #expect(rules.relevance(of: Self.event("hello")) == .request)
    #expect(rules.relevance(of: Self.event("hello", in: .guild)) == .background)
    #expect(rules.relevance(of: Self.event("!echo", in: .guild)) == .request)
  }
}

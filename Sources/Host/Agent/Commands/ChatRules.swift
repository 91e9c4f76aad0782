package import Core

/// Which messages of a chat are meant for the robot: the `chats:` list of the configuration. The first rule that matches decides.
package struct ChatRules: Sendable, Equatable {
  package enum Respond: String, Sendable, CaseIterable {
    /// Messages that mention the robot.
    case mention
    /// Messages that begin with the prefix.
    case prefix
    case all
  }

  /// What becomes of messages that other bots write.
  package enum Bots: String, Sendable, CaseIterable {
    case ignore
    /// A few times in a row: see `LoopGuard`.
    case answer
  }

  package struct Rule: Sendable, Equatable {
    /// `group:*`, `group:20002`, `private:*`, … or `*`.
    package let match: String
    package let respond: Respond
    /// What a command begins with.
    package let prefix: String
    package let bots: Bots

    package init(match: String, respond: Respond, prefix: String = "/", bots: Bots = .ignore) {
      self.match = match
      self.respond = respond
      self.prefix = prefix
      self.bots = bots
    }

    func matches(_ scene: Scene) -> Bool {
      match == "*" || match == "\(scene.kind.rawValue):*" || match == scene.description
    }
  }

  /// The operator's rules; what they leave open, `rule(for:)` fills in.
  package var rules: [Rule]

  package init(rules: [Rule] = []) {
    self.rules = rules
  }

  /// In groups and guild channels the robot waits to be mentioned; in private it answers everything.
  package func rule(for scene: Scene) -> Rule {
    if let rule = rules.first(where: { $0.matches(scene) }) { return rule }
    switch scene.kind {
    case .group, .guild: return Rule(match: "*", respond: .mention)
    case .private, .guildPrivate: return Rule(match: "*", respond: .all)
    }
  }

  /// Whether what this sender writes here is looked at.
  func listens(to event: ChatEvent) -> Bool {
    !event.sender.isBot || rule(for: event.conversation.scene).bots == .answer
  }

  /// What a button of ours asks for: a command, whatever the rules for typed ones are.
  func pressed(_ data: String) -> ChatRequest? {
    guard data.hasPrefix("/") else { return nil }
    return CommandLine(data.dropFirst()).map { .command($0) }
  }

  /// What of the message is meant for the robot; nil when it is not addressed.
  func request(in event: ChatEvent) -> ChatRequest? {
    let rule = rule(for: event.conversation.scene)
    let text = event.text
    switch rule.respond {
    case .prefix:
      guard text.hasPrefix(rule.prefix) else { return approvalVerb(in: text) }
      return CommandLine(text.dropFirst(rule.prefix.count)).map { .command($0) }
    case .mention, .all:
      if text.hasPrefix("/"), event.mentions.bot || rule.respond == .all {
        return CommandLine(text.dropFirst()).map { .command($0) } ?? .talk
      }
      if event.mentions.bot || rule.respond == .all { return .talk }
      return approvalVerb(in: text)
    }
  }

  /// How much it matters that the event is worked on soon.
  package func relevance(of event: ChatEvent) -> Relevance {
    switch event.kind {
    case .button: .decision
    case .notice: .background
    case .message:
      switch request(in: event) {
      case .command(let line) where Self.cardVerbs.contains(line.verb): .decision
      case .some: .request
      case nil: .background
      }
    }
  }

  /// What binds an account to a person.
  static let enrolVerb = "enroll"

  /// Commands that answer a card. A code for an account is listened to everywhere as well: others could read it and use it.
  private static let cardVerbs = ["approve", "deny", "show", "resolve", enrolVerb]

  /// An answer to a card is meant for nobody else: it needs no mention.
  private func approvalVerb(in text: String) -> ChatRequest? {
    guard text.hasPrefix("/"), let line = CommandLine(text.dropFirst()) else { return nil }
    return Self.cardVerbs.contains(line.verb) ? .command(line) : nil
  }
}

/// What somebody wants of the robot.
enum ChatRequest: Equatable {
  case command(CommandLine)
  /// Anything that is not a command.
  case talk
}

/// A command as typed: `/verb rest`.
struct CommandLine: Equatable {
  let verb: String
  /// What follows the one white space after the verb, verbatim.
  let rest: String

  /// Nil when the text does not begin with a verb.
  init?(_ text: some StringProtocol) {
    let verb = text.prefix { !$0.isWhitespace }
    guard !verb.isEmpty else { return nil }
    self.verb = verb.lowercased()
    rest = String(text.dropFirst(verb.count).dropFirst())
  }
}

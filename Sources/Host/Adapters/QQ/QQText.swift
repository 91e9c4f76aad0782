import Core
import Foundation

/// The text of a message as a person meant it: tags rendered, the mention of the bot removed, both ends trimmed.
struct QQText {
  /// The longest tag that is looked at, in scalars; faces carry a short base64 text, everything else is shorter.
  private static let longestTag = 1024

  private(set) var text = ""
  /// Ids of the mentioned people, in order of appearance; those that the platform lists without a tag come last.
  private(set) var others: [String] = []
  private(set) var mentionsBot = false
  private(set) var mentionsEveryone = false
  /// Whether nothing was rendered but mentions of the bot before the text.
  private(set) var isPlain = true

  private let mentions: [QQMention]
  private let botUserID: String?
  private let isGuild: Bool

  /// - Parameters:
  ///   - botUserID: an id that means the bot even where `mentions` does not list it.
  ///   - isGuild: guild text escapes `<`, `>` and `&` and has tags of its own.
  init(content: String, mentions: [QQMention], botUserID: String?, isGuild: Bool) {
    self.mentions = mentions
    self.botUserID = botUserID
    self.isGuild = isGuild
    scan(content.unicodeScalars[...])
    while let last = text.last, last.isWhitespace { text.removeLast() }
    text = String(text.drop(while: \.isWhitespace))
    for mention in mentions {
      if case .person(let id) = mention.target, !others.contains(id) { others.append(id) }
    }
  }

  /// One pass: what a tag renders to is never looked at again, so a nickname cannot smuggle a tag in.
  private mutating func scan(_ content: Substring.UnicodeScalarView) {
    var rest = content
    while let open = rest.firstIndex(of: "<") {
      appendLiteral(rest[..<open])
      let inside = rest[rest.index(after: open)...]
      let tag = inside.prefix(Self.longestTag).prefix { $0 != "<" && $0 != ">" }
      if tag.endIndex < inside.endIndex, inside[tag.endIndex] == ">", let rendered = render(String(tag)) {
        // Only the bot's own mention renders to nothing.
        if !rendered.isEmpty || !text.allSatisfy(\.isWhitespace) { isPlain = false }
        text += rendered
        rest = inside[inside.index(after: tag.endIndex)...]
      } else {
        text += "<"
        rest = inside
      }
    }
    appendLiteral(rest)
  }

  private mutating func appendLiteral(_ literal: Substring.UnicodeScalarView) {
    var scalars = String.UnicodeScalarView()
    var rest = literal
    while let scalar = rest.first {
      if isGuild, scalar == "&", let (entity, plain) = Self.entities.first(where: { rest.starts(with: $0.0) }) {
        scalars.append(plain)
        rest = rest.dropFirst(entity.count)
      } else {
        scalars.append(scalar == "\u{a0}" ? " " : scalar)
        rest = rest.dropFirst()
      }
    }
    text += String(scalars)
  }

  private static let entities: [([Unicode.Scalar], Unicode.Scalar)] = [
    (Array("&lt;".unicodeScalars), "<"), (Array("&gt;".unicodeScalars), ">"), (Array("&amp;".unicodeScalars), "&"),
  ]

  /// What the tag stands for; nil when it is not one.
  private mutating func render(_ tag: String) -> String? {
    if tag.hasPrefix("@") { return renderMention(of: String(tag.dropFirst(tag.hasPrefix("@!") ? 2 : 1))) }
    if tag.hasPrefix("qqbot-at-user ") { return Self.attribute("id", in: tag).flatMap { renderMention(of: $0) } }
    if tag.hasPrefix("qqbot-at-everyone") {
      mentionsEveryone = true
      return "@全体成员"
    }
    if tag.hasPrefix("faceType=") { return Self.face(in: tag) }
    guard isGuild else { return nil }
    if tag.hasPrefix("#"), Self.isIdentifier(tag.dropFirst()) { return tag }
    if tag.hasPrefix("emoji:"), Self.isIdentifier(tag.dropFirst(6)) { return "[\(tag)]" }
    return nil
  }

  private mutating func renderMention(of id: String) -> String? {
    guard Self.isIdentifier(id[...]) else { return nil }
    let mention = mentions.first { $0.ids.contains(id) }
    switch id == botUserID ? .bot : mention?.target {
    case .bot:
      mentionsBot = true
      return ""
    case .everyone:
      mentionsEveryone = true
      return "@全体成员"
    case .person, nil:
      if !others.contains(id) { others.append(id) }
      return "@" + (mention?.name ?? id)
    }
  }

  private static func isIdentifier(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { $0.isDecimalDigit || $0.isASCIILetter || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
  }

  private static func attribute(_ name: String, in tag: String) -> String? {
    guard let start = tag.range(of: name + "=\"")?.upperBound, let end = tag[start...].firstIndex(of: "\"") else { return nil }
    return String(tag[start..<end])
  }

  /// A system face by its own name, `[呲牙]`; `[表情]` when the name cannot be read.
  private static func face(in tag: String) -> String {
    guard let ext = attribute("ext", in: tag), let data = Data(base64Encoded: ext),
      let name = try? JSON(parsing: data)["text"]?.string
    else { return "[表情]" }
    let line = DisplayName.singleLine(name)
    if line.isEmpty { return "[表情]" }
    return line.hasPrefix("[") && line.hasSuffix("]") ? line : "[\(line)]"
  }
}

/// One entry of a message's `mentions`.
struct QQMention: Sendable, Hashable {
  enum Target: Sendable, Hashable {
    case bot
    case everyone
    case person(String)
  }

  /// How our bot is recognised where the platform does not mark it.
  struct BotRule {
    /// The bot's id in guilds.
    let userID: String?
    /// The event itself says that we were mentioned: the only bot in the list is us.
    let soleBotIsUs: Bool
  }

  let target: Target
  /// Every id the entry carries; tags use any of them.
  let ids: [String]
  /// Nil when the platform gave none.
  let name: String?

  static func list(in data: JSON, bot rule: BotRule) -> [QQMention] {
    let entries = data["mentions"]?.array ?? []
    let bots = entries.filter { $0["bot"]?.bool == true }
    return entries.compactMap { entry in
      let ids = [entry.identifier("member_openid"), entry.identifier("user_openid"), entry.identifier("id")].compactMap(\.self)
      let name = entry["username"]?.string.map(DisplayName.singleLine).flatMap { $0.isEmpty ? nil : $0 }
      let isUs =
        entry["is_you"]?.bool == true || ids.contains { $0 == rule.userID }
        || (rule.userID == nil && rule.soleBotIsUs && bots.count == 1 && entry["bot"]?.bool == true)
      if entry["scope"]?.string == "all" { return QQMention(target: .everyone, ids: ids, name: name) }
      if isUs { return QQMention(target: .bot, ids: ids, name: name) }
      return ids.first.map { QQMention(target: .person($0), ids: ids, name: name) }
    }
  }
}

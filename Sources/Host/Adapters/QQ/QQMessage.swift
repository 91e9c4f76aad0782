import Core

/// One message that a person, or another bot, wrote where our bot can see it.
struct QQMessage: Sendable, Hashable {
  let id: String
  /// The outer id of the event; absent on some deliveries.
  let eventID: String?
  let scene: Scene
  /// The guild of a channel; for a direct message the pseudo-guild it lives in.
  let guildID: String?
  let senderID: String
  let senderName: String
  let senderRole: Sender.PlatformRole?
  let senderIsBot: Bool
  let text: String
  let mentions: Mentions
  let attachments: [QQAttachment]
  /// Nothing but text, besides mentions of the bot before it.
  let isPlain: Bool
  let sentAt: Timestamp?
  /// The platform's index of this message, by which later ones quote it.
  let referenceIndex: String?
  let quotedReferenceIndex: String?
  let quotedMessageID: String?
  let quotedText: String?
  /// The texts of a forwarded chat record.
  let forwardedTexts: [String]
  /// What a card says about itself.
  let cardPrompt: String?

  init(parsing data: JSON, type: QQEventType, eventID: String?, botUserID: String?) throws(QQPayloadError) {
    guard let id = data.identifier("id") else { throw QQPayloadError(member: "d.id", problem: "is missing or not a string") }
    let author = data["author"] ?? .null
    self.id = id
    self.eventID = eventID
    scene = try Self.scene(of: data, author: author, type: type)
    guildID = data.identifier("guild_id")
    guard let sender = author.identifier(type == .c2cMessage ? "user_openid" : "member_openid") ?? author.identifier("id") else {
      throw QQPayloadError(member: "d.author", problem: "names nobody")
    }
    senderID = sender
    senderName = DisplayName.singleLine(data["member"]?["nick"]?.string ?? author["username"]?.string ?? "")
    senderRole = Self.role(of: data, author: author)
    senderIsBot = author["bot"]?.bool ?? false

    let isGuild = scene.kind == .guild || scene.kind == .guildPrivate
    let bot = QQMention.BotRule(userID: isGuild ? botUserID : nil, soleBotIsUs: type == .atMessage)
    let listed = QQMention.list(in: data, bot: bot)
    let cleaned = QQText(content: data["content"]?.string ?? "", mentions: listed, botUserID: bot.userID, isGuild: isGuild)
    let addressed = type == .groupAtMessage || type == .atMessage
    text = cleaned.text
    mentions = Mentions(
      bot: addressed || cleaned.mentionsBot || listed.contains { $0.target == .bot },
      everyone: data["mention_everyone"]?.bool == true || cleaned.mentionsEveryone || listed.contains { $0.target == .everyone },
      others: cleaned.others)

    attachments = data["attachments"]?.array?.map(QQAttachment.init(parsing:)) ?? []
    sentAt = QQTime.parse(data["timestamp"])
    let references = data["message_scene"]?["ext"]?.array?.compactMap(\.string) ?? []
    referenceIndex = Self.value(of: "msg_idx", in: references)
    quotedReferenceIndex = Self.value(of: "ref_msg_idx", in: references)
    quotedMessageID = data["message_reference"]?.identifier("message_id")
    let elements = data["msg_elements"]?.array ?? []
    let kind = data["message_type"]?.integer
    quotedText = kind == 103 ? elements.first?["content"]?.string : nil
    forwardedTexts = kind == 102 ? elements.compactMap { $0["content"]?.string } : []
    isPlain =
      cleaned.isPlain && cleaned.others.isEmpty && attachments.isEmpty && (kind ?? 0) == 0 && elements.isEmpty
      && quotedReferenceIndex == nil && data["message_reference"]?.object == nil && data["ark_data"]?.object == nil
    cardPrompt = data["ark_data"]?["prompt"]?.string
  }

  private static func scene(of data: JSON, author: JSON, type: QQEventType) throws(QQPayloadError) -> Scene {
    let (kind, id, member): (Scene.Kind, String?, String) =
      switch type {
      case .c2cMessage: (.private, author.identifier("user_openid") ?? author.identifier("id"), "d.author.user_openid")
      case .directMessage: (.guildPrivate, data.identifier("guild_id"), "d.guild_id")
      case .atMessage, .guildMessage: (.guild, data.identifier("channel_id"), "d.channel_id")
      default: (.group, data.identifier("group_openid") ?? data.identifier("group_id"), "d.group_openid")
      }
    guard let id else { throw QQPayloadError(member: member, problem: "is missing or not a string") }
    return Scene(kind, id)
  }

  private static func role(of data: JSON, author: JSON) -> Sender.PlatformRole? {
    if let role = author["member_role"]?.string { return Sender.PlatformRole(rawValue: role) }
    guard let roles = data["member"]?["roles"]?.array?.compactMap(\.string) else { return nil }
    if roles.contains("4") { return .owner }
    return roles.contains("2") ? .admin : .member
  }

  /// The value of the first `key=value` with that key; values may contain `=` themselves.
  private static func value(of key: String, in pairs: [String]) -> String? {
    pairs.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
  }
}

extension QQMessage {
  /// The message as the rest of the host sees it.
  func event(channel: String, appID: String, requestID: RequestID, receivedAt: Timestamp) -> ChatEvent {
    ChatEvent(
      requestID: requestID, receivedAt: receivedAt,
      conversation: Conversation(channel: channel, account: appID, scene: scene), guild: guildID,
      sender: Sender(id: "qq:\(appID):\(senderID)", name: senderName, role: senderRole, isBot: senderIsBot),
      messageID: id, text: text, mentions: mentions,
      attachments: attachments.map { Attachment(kind: $0.kind, name: $0.name, url: $0.url) },
      repliesTo: quotedMessageID ?? quotedReferenceIndex, sentAt: sentAt, isPlain: isPlain,
      // The same message may come twice under one outer id, and under two event types with different outer ids.
      dedupeKeys: [eventID, "message:\(id)"].compactMap(\.self))
  }
}

/// A file that came with a message.
struct QQAttachment: Sendable, Hashable {
  let kind: String
  let name: String?
  let url: String?
  /// What the platform's speech recognition heard.
  let transcript: String?

  init(parsing data: JSON) {
    let type = data["content_type"]?.string ?? ""
    kind =
      switch type.prefix(while: { $0 != "/" }) {
      case "image": "image"
      case "video": "video"
      case "voice", "audio": "voice"
      default: "file"
      }
    name = data["filename"]?.string.map(DisplayName.singleLine)
    url = data["url"]?.string.flatMap(Self.absolute)
    transcript = data["asr_refer_text"]?.string
  }

  /// The platform leaves the scheme out at times. Schemes other than HTTP are not passed on.
  private static func absolute(_ url: String) -> String? {
    guard !url.isEmpty else { return nil }
    if url.hasPrefix("https://") || url.hasPrefix("http://") { return url }
    return url.contains("://") ? nil : "https://" + url
  }
}

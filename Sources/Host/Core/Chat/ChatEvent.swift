/// One thing that happened on a chat platform, in the form every part of the host understands.
package struct ChatEvent: Hashable, Codable, Sendable {
  /// What happened.
  package enum Kind: Hashable, Codable, Sendable {
    /// Somebody wrote.
    case message
    /// Somebody pressed a button under a message of ours; `text` is what the button carries.
    case button(ButtonPress)
    /// Something around the chat, without anybody writing; `text` is empty.
    case notice(Notice)
  }

  package let requestID: RequestID
  package let receivedAt: Timestamp
  package let kind: Kind
  package let conversation: Conversation
  /// The guild that a guild channel or a guild's direct message belongs to.
  package let guild: String?
  package let sender: Sender
  /// The platform's id of the message, or of the event where there is no message; what a reply answers.
  package let messageID: String
  /// The text after clean-up: mentions of the bot removed, other mentions as `@name`, trimmed.
  package let text: String
  package let mentions: Mentions
  package let attachments: [Attachment]
  /// The message that this one quotes, by the platform's id.
  package let repliesTo: String?
  /// When the platform says it was sent; nil when it did not say.
  package let sentAt: Timestamp?
  /// Absent in what older versions put into the journal: that decides nothing.
  private let plain: Bool?
  /// Every key under which a redelivery of this event may come; at least one. Unique within the channel.
  package let dedupeKeys: [String]

  package init(
    requestID: RequestID, receivedAt: Timestamp, kind: Kind = .message, conversation: Conversation, guild: String? = nil,
    sender: Sender, messageID: String, text: String, mentions: Mentions = Mentions(), attachments: [Attachment] = [],
    repliesTo: String? = nil, sentAt: Timestamp? = nil, isPlain: Bool = false, dedupeKeys: [String]
  ) {
    self.requestID = requestID
    self.receivedAt = receivedAt
    self.kind = kind
    self.conversation = conversation
    self.guild = guild
    self.sender = sender
    self.messageID = messageID
    self.text = text
    self.mentions = mentions
    self.attachments = attachments
    self.repliesTo = repliesTo
    self.sentAt = sentAt
    plain = isPlain ? true : nil
    self.dedupeKeys = dedupeKeys
  }
}

extension ChatEvent {
  /// Whether the message is one piece of text and nothing else, besides mentions of the bot before it: then `text` is all that its
  /// sender said. False where an adapter cannot tell.
  package var isPlain: Bool { plain ?? false }

  /// What a reply to this names.
  package var reference: MessageReference {
    MessageReference(messageID: messageID, kind: kind == .message ? .message : .event)
  }

  /// Where an answer to this goes.
  package var replyAddress: ReplyAddress {
    ReplyAddress(conversation: conversation, requestID: requestID, answers: reference)
  }
}

/// A pressed button.
package struct ButtonPress: Hashable, Codable, Sendable {
  /// By which the platform is told that the press was taken.
  package let interactionID: String
  package let buttonID: String?
  /// Whether the client waits, with a spinner, until the press is acknowledged.
  package let mustBeAcknowledged: Bool

  package init(interactionID: String, buttonID: String?, mustBeAcknowledged: Bool) {
    self.interactionID = interactionID
    self.buttonID = buttonID
    self.mustBeAcknowledged = mustBeAcknowledged
  }
}

/// What happened around a chat. The sender of the event is who did it, as far as the platform says.
package enum Notice: Hashable, Codable, Sendable {
  /// The bot came into this group, or left it.
  case botAdded, botRemoved
  /// Somebody became the bot's friend, or ended that.
  case friendAdded, friendRemoved
  /// This chat takes messages that answer nothing, or refuses them.
  case unaskedAllowed, unaskedRefused
  /// The bot may not speak here for a while, or may again.
  case muted, unmuted
  /// The platform's review of a message of ours is over.
  case reviewPassed(auditID: String, messageID: String?)
  case reviewRejected(auditID: String)
  /// A message was taken back by whoever may.
  case recalled(messageID: String)
}

/// Who wrote a message, by the platform's word.
package struct Sender: Hashable, Codable, Sendable {
  /// A role the platform gives inside a group. It grants nothing unless `roles.yaml` says so.
  package enum PlatformRole: String, Codable, Sendable {
    case member, admin, owner
  }

  /// `qq:<app_id>:<openid>`, `onebot:<channel>:<user_id>` or `playground:<name>`: the identity policy decides on.
  package let id: String
  /// The name shown in the chat; never an identity.
  package let name: String
  package let role: PlatformRole?
  package let isBot: Bool

  package init(id: String, name: String, role: PlatformRole? = nil, isBot: Bool = false) {
    self.id = id
    self.name = name
    self.role = role
    self.isBot = isBot
  }
}

/// Who was mentioned.
package struct Mentions: Hashable, Codable, Sendable {
  package var bot: Bool
  package var everyone: Bool
  /// Platform ids of the others.
  package var others: [String]

  package init(bot: Bool = false, everyone: Bool = false, others: [String] = []) {
    self.bot = bot
    self.everyone = everyone
    self.others = others
  }
}

/// Something that came with a message. The host never opens `url` by itself.
package struct Attachment: Hashable, Codable, Sendable {
  /// `image`, `voice`, `video`, `file`, or the platform's own word.
  package let kind: String
  package let name: String?
  package let url: String?

  package init(kind: String, name: String? = nil, url: String? = nil) {
    self.kind = kind
    self.name = name
    self.url = url
  }
}

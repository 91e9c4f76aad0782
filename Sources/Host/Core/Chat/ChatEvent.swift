/// One message from a chat platform, in the form every part of the host understands.
package struct ChatEvent: Hashable, Codable, Sendable {
  package let requestID: RequestID
  package let receivedAt: Timestamp
  package let conversation: Conversation
  package let sender: Sender
  /// The platform's message id; what a reply answers.
  package let messageID: String
  /// The text after clean-up: mentions of the bot removed, other mentions as `@name`, trimmed.
  package let text: String
  package let mentions: Mentions
  package let attachments: [Attachment]
  /// The message that this one quotes, by the platform's id.
  package let repliesTo: String?
  /// When the platform says it was sent; nil when it did not say.
  package let sentAt: Timestamp?
  /// Every key under which a redelivery of this event may come; at least one. Unique within the channel.
  package let dedupeKeys: [String]

  package init(
    requestID: RequestID, receivedAt: Timestamp, conversation: Conversation, sender: Sender, messageID: String, text: String,
    mentions: Mentions = Mentions(), attachments: [Attachment] = [], repliesTo: String? = nil, sentAt: Timestamp? = nil,
    dedupeKeys: [String]
  ) {
    self.requestID = requestID
    self.receivedAt = receivedAt
    self.conversation = conversation
    self.sender = sender
    self.messageID = messageID
    self.text = text
    self.mentions = mentions
    self.attachments = attachments
    self.repliesTo = repliesTo
    self.sentAt = sentAt
    self.dedupeKeys = dedupeKeys
  }
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

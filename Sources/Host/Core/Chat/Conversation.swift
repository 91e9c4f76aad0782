/// Where people talk: a group, a direct chat, a guild channel.
package struct Scene: Hashable, Codable, Sendable, CustomStringConvertible {
  package enum Kind: String, Codable, Sendable, CaseIterable {
    case group
    case `private`
    case guild
    case guildPrivate = "guild-private"
  }

  package let kind: Kind
  /// The platform's id: group openid, user openid, channel id, or guild id of a direct message.
  package let id: String

  package init(_ kind: Kind, _ id: String) {
    self.kind = kind
    self.id = id
  }

  /// Whether several people talk here, so that some of them can stand above the others.
  package var isShared: Bool { kind == .group || kind == .guild }

  /// `group:20002`; what `chats:` patterns and `Scene::"…"` name.
  package var description: String { "\(kind.rawValue):\(id)" }

  /// Reads what `description` writes; nil when `text` is no scene.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), !parts[1].isEmpty else { return nil }
    self.init(kind, String(parts[1]))
  }

  /// Whether only one person talks with the robot there.
  package var isPrivate: Bool { kind == .private || kind == .guildPrivate }
}

/// One chat of one account on one channel: the unit of order, and the address of a reply.
package struct Conversation: Hashable, Codable, Sendable, CustomStringConvertible {
  /// The configured channel name.
  package let channel: String
  /// The bot account: app id, or QQ number of the OneBot account.
  package let account: String
  package let scene: Scene

  package init(channel: String, account: String, scene: Scene) {
    self.channel = channel
    self.account = account
    self.scene = scene
  }

  /// `main/102000000/group:7D1C`: the lane's key in the journal.
  package var description: String { "\(channel)/\(account)/\(scene)" }

  /// Reads what `description` writes; nil when `text` names no conversation.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty, let scene = Scene(parts[2]) else { return nil }
    self.init(channel: String(parts[0]), account: String(parts[1]), scene: scene)
  }
}

/// What on the platform a reply refers to.
package struct MessageReference: Hashable, Codable, Sendable {
  package enum Kind: String, Hashable, Codable, Sendable {
    /// Somebody's message.
    case message
    /// An event without a message, such as a pressed button.
    case event
  }

  /// The platform's id of the message or event.
  package let messageID: String
  package let kind: Kind

  package init(messageID: String, kind: Kind = .message) {
    self.messageID = messageID
    self.kind = kind
  }
}

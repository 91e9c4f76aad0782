import Core

/// Something that happened around a chat without anybody writing.
struct QQNotice: Sendable, Hashable {
  enum Kind: String, Sendable {
    case groupBotAdded, groupBotRemoved, groupPushOff, groupPushOn, groupMemberAdded, groupMemberRemoved
    case friendAdded, friendRemoved, c2cPushOff, c2cPushOn, subscription
    case auditPass, auditReject, reactionAdded, reactionRemoved, messageDeleted, guildAdded, guildRemoved

    init?(_ type: QQEventType) {
      switch type {
      case .groupAddRobot: self = .groupBotAdded
      case .groupDelRobot: self = .groupBotRemoved
      case .groupMsgReject: self = .groupPushOff
      case .groupMsgReceive: self = .groupPushOn
      case .groupMemberAdd: self = .groupMemberAdded
      case .groupMemberRemove: self = .groupMemberRemoved
      case .friendAdd: self = .friendAdded
      case .friendDel: self = .friendRemoved
      case .c2cMsgReject: self = .c2cPushOff
      case .c2cMsgReceive: self = .c2cPushOn
      case .subscribeMessageStatus: self = .subscription
      case .messageAuditPass: self = .auditPass
      case .messageAuditReject: self = .auditReject
      case .messageReactionAdd: self = .reactionAdded
      case .messageReactionRemove: self = .reactionRemoved
      case .messageDelete, .publicMessageDelete, .directMessageDelete: self = .messageDeleted
      case .guildCreate: self = .guildAdded
      case .guildDelete: self = .guildRemoved
      default: return nil
      }
    }
  }

  let kind: Kind
  /// The outer id: what a passive message about it names.
  let eventID: String?
  let scene: Scene?
  let guildID: String?
  /// Who did it, as far as the platform says.
  let actorID: String?
  let messageID: String?
  let auditID: String?
  let happenedAt: Timestamp?

  init(_ kind: Kind, parsing data: JSON, eventID: String?) {
    let message = data["message"] ?? .null
    self.kind = kind
    self.eventID = eventID
    scene = Scene(namedIn: data) ?? Scene(namedIn: message)
    guildID =
      data.identifier("guild_id") ?? message.identifier("guild_id")
      ?? (kind == .guildAdded || kind == .guildRemoved ? data.identifier("id") : nil)
    actorID =
      data.identifier("op_member_openid") ?? data.identifier("member_openid") ?? data.identifier("openid")
      ?? data.identifier("user_id") ?? data["op_user"]?.identifier("id") ?? data.identifier("op_user_id")
    messageID = data.identifier("message_id") ?? data["target"]?.identifier("id") ?? message.identifier("id")
    auditID = data.identifier("audit_id")
    happenedAt = QQTime.parse(data["timestamp"])
  }
}

/// Somebody wants to join a group that the bot administers.
struct QQJoinRequest: Sendable, Hashable {
  let id: String
  let scene: Scene
  let memberID: String
  let comment: String?

  init(parsing data: JSON) throws(QQPayloadError) {
    guard let id = data.identifier("join_request_id") else {
      throw QQPayloadError(member: "d.join_request_id", problem: "is missing or not a string")
    }
    guard let group = data.identifier("group_openid") else {
      throw QQPayloadError(member: "d.group_openid", problem: "is missing or not a string")
    }
    guard let member = data.identifier("member_openid") else {
      throw QQPayloadError(member: "d.member_openid", problem: "is missing or not a string")
    }
    self.id = id
    scene = Scene(.group, group)
    memberID = member
    comment = data["verify_info"]?["verify_message"]?.string
  }
}

/// Somebody pressed a button or chose from the bot's menu.
struct QQInteraction: Sendable, Hashable {
  let id: String
  /// The outer id: what a passive message about it names.
  let eventID: String?
  let type: Int64
  let scene: Scene
  let guildID: String?
  let actorID: String?
  let buttonID: String?
  let buttonData: String?
  let featureID: String?
  let happenedAt: Timestamp?

  /// The client shows a spinner until these are answered.
  var mustBeAcknowledged: Bool { type == 11 || type == 12 }

  init(parsing data: JSON, eventID: String?) throws(QQPayloadError) {
    guard let id = data.identifier("id") else { throw QQPayloadError(member: "d.id", problem: "is missing or not a string") }
    guard let scene = Scene(namedIn: data) else {
      throw QQPayloadError(member: "d", problem: "names no group, user or channel")
    }
    let resolved = data["data"]?["resolved"] ?? .null
    self.id = id
    self.eventID = eventID
    self.scene = scene
    type = data["type"]?.integer ?? data["data"]?["type"]?.integer ?? 0
    guildID = data.identifier("guild_id")
    actorID = data.identifier("group_member_openid") ?? data.identifier("user_openid") ?? resolved.identifier("user_id")
    buttonID = resolved.identifier("button_id")
    buttonData = resolved["button_data"]?.string
    featureID = resolved.identifier("feature_id")
    happenedAt = QQTime.parse(data["timestamp"])
  }
}

extension Scene {
  /// The chat that `data` names. A group is looked for first: events about a member carry the member's ids too.
  fileprivate init?(namedIn data: JSON) {
    if let group = data.identifier("group_openid") {
      self.init(.group, group)
    } else if let user = data.identifier("user_openid") ?? data.identifier("openid") {
      self.init(.private, user)
    } else if data["direct_message"]?.bool == true, let guild = data.identifier("guild_id") {
      self.init(.guildPrivate, guild)
    } else if let channel = data.identifier("channel_id") {
      self.init(.guild, channel)
    } else {
      return nil
    }
  }
}

import Core
import Crypto
import Foundation

/// Something that happened around a chat without anybody writing.
struct OneBotNotice: Sendable, Hashable {
  enum Kind: String, Sendable, CaseIterable {
    case groupFileUploaded, groupAdminSet, groupAdminUnset
    case groupMemberLeft, groupMemberKicked, groupBotRemoved, groupDisbanded, groupMemberJoined, groupBotAdded
    case groupMemberMuted, groupMemberUnmuted, groupMutedAll, groupUnmutedAll, groupCardChanged
    case friendAdded, messageRecalled, poke, luckyKing, honor, reaction, inputStatus, botOffline, unknown
  }

  let kind: Kind
  let selfID: String
  let scene: Scene?
  /// Whom it is about; for a poke who poked. Nil when it is about everybody.
  let userID: String?
  let operatorID: String?
  let targetID: String?
  let messageID: String?
  let muteSeconds: Int64?
  /// The file of an upload.
  let file: Attachment?
  let happenedAt: Timestamp?
  /// Notices have no id: the same document again is the same notice.
  let fingerprint: String

  init(parsing document: JSON) throws(OneBotFrameError) {
    selfID = try document.requiredNumber("self_id")
    let user = document.number("user_id")
    let kind = Self.kind(of: document, isAboutBot: user == selfID, isAboutAll: user == "0")
    self.kind = kind
    userID = kind == .groupMutedAll || kind == .groupUnmutedAll ? nil : user ?? document.number("operator_id")
    operatorID = document.number("operator_id")
    targetID = document.number("target_id")
    messageID = document.number("message_id")
    muteSeconds = document["duration"]?.integer
    file = document["file"].flatMap { $0.object == nil ? nil : Attachment(oneBotFile: $0) }
    happenedAt = document["time"]?.integer.map { Timestamp(seconds: $0) }
    fingerprint = String(SHA256.hash(data: Data(document.canonicalBytes)).hexadecimal.prefix(32))
    if let group = document.number("group_id") {
      scene = Scene(.group, group)
    } else if let user, kind != .botOffline, kind != .unknown {
      scene = Scene(.private, user)
    } else {
      scene = nil
    }
  }

  private static func kind(of document: JSON, isAboutBot: Bool, isAboutAll: Bool) -> Kind {
    let detail = document["sub_type"]?.string
    switch document["notice_type"]?.string {
    case "group_upload": return .groupFileUploaded
    case "group_admin": return detail == "unset" ? .groupAdminUnset : .groupAdminSet
    case "group_decrease":
      switch detail {
      case "disband": return .groupDisbanded
      case "kick_me": return .groupBotRemoved
      case "kick": return isAboutBot ? .groupBotRemoved : .groupMemberKicked
      default: return isAboutBot ? .groupBotRemoved : .groupMemberLeft
      }
    case "group_increase": return isAboutBot ? .groupBotAdded : .groupMemberJoined
    case "group_ban":
      if isAboutAll { return detail == "lift_ban" ? .groupUnmutedAll : .groupMutedAll }
      return detail == "lift_ban" ? .groupMemberUnmuted : .groupMemberMuted
    case "group_card": return .groupCardChanged
    case "friend_add": return .friendAdded
    case "group_recall", "friend_recall": return .messageRecalled
    case "group_msg_emoji_like", "reaction": return .reaction
    case "bot_offline": return .botOffline
    case "notify":
      switch detail {
      case "poke": return .poke
      case "lucky_king": return .luckyKing
      case "honor": return .honor
      case "input_status": return .inputStatus
      default: return .unknown
      }
    default: return .unknown
    }
  }
}

/// Somebody wants something that an administrator has to decide.
struct OneBotRequest: Sendable, Hashable {
  enum Kind: String, Sendable {
    case friend, groupJoin, groupInvite
  }

  let kind: Kind
  let scene: Scene
  let userID: String
  let comment: String
  /// Opaque; names the request in the answer.
  let flag: String

  /// Nil for a kind of request that we do not know, or one that cannot be answered.
  init?(parsing document: JSON) {
    guard let user = document.number("user_id"), let flag = document["flag"]?.string else { return nil }
    switch (document["request_type"]?.string, document["sub_type"]?.string) {
    case ("friend", _):
      kind = .friend
      scene = Scene(.private, user)
    case ("group", let detail):
      guard let group = document.number("group_id") else { return nil }
      kind = detail == "invite" ? .groupInvite : .groupJoin
      scene = Scene(.group, group)
    default: return nil
    }
    userID = user
    comment = document["comment"]?.string ?? ""
    self.flag = flag
  }
}

/// How the implementation itself is doing.
struct OneBotMeta: Sendable, Hashable {
  enum Kind: String, Sendable {
    case connect, enable, disable, heartbeat
  }

  let kind: Kind
  let selfID: String
  /// Whether the QQ account is online; nil when the implementation does not know.
  let isOnline: Bool?
  let isGood: Bool?
  let interval: Duration?

  /// Nil for a kind that we do not know.
  init?(parsing document: JSON) {
    guard let selfID = document.number("self_id") else { return nil }
    self.selfID = selfID
    switch document["meta_event_type"]?.string {
    case "lifecycle":
      guard let kind = document["sub_type"]?.string.flatMap(Kind.init(rawValue:)), kind != .heartbeat else { return nil }
      self.kind = kind
    case "heartbeat": kind = .heartbeat
    default: return nil
    }
    isOnline = document["status"]?["online"]?.bool
    isGood = document["status"]?["good"]?.bool
    interval = document["interval"]?.integer.map { .milliseconds($0) }
  }
}

import Core
import Foundation

/// One message in a group or a private chat.
struct OneBotMessage: Sendable, Hashable {
  let selfID: String
  let scene: Scene
  let id: String
  let senderID: String
  let senderName: String
  let senderRole: Sender.PlatformRole?
  let text: String
  let mentions: Mentions
  let attachments: [Attachment]
  /// One piece of text and nothing else, besides mentions of the bot before it.
  let isPlain: Bool
  let repliesTo: String?
  /// Id of a forwarded chat record.
  let forwardID: String?
  /// The group over which a private chat with a stranger runs.
  let temporaryGroupID: String?
  /// Set for an anonymous member: nobody that policy could know.
  let anonymousFlag: String?
  let isAnonymous: Bool
  let sentAt: Timestamp?

  init(parsing document: JSON) throws(OneBotFrameError) {
    selfID = try document.requiredNumber("self_id")
    id = try document.requiredNumber("message_id")
    senderID = try document.requiredNumber("user_id")
    let sender = document["sender"] ?? .null
    // Private messages of temporary sessions carry a group id too: only the type decides.
    if document["message_type"] == "group" {
      scene = Scene(.group, try document.requiredNumber("group_id"))
      temporaryGroupID = nil
    } else {
      scene = Scene(.private, senderID)
      temporaryGroupID = document.number("group_id") ?? sender.number("group_id")
    }
    let card = sender["card"]?.string ?? ""
    senderName = DisplayName.singleLine(card.isEmpty ? sender["nickname"]?.string ?? "" : card)
    senderRole = sender["role"]?.string.flatMap(Sender.PlatformRole.init(rawValue:))
    anonymousFlag = document["anonymous"]?["flag"]?.string
    isAnonymous = document["sub_type"] == "anonymous" || document["anonymous"]?.object != nil
    sentAt = document["time"]?.integer.map { Timestamp(seconds: $0) }

    guard let segments = ["message", "raw_message"].lazy.compactMap({ document[$0].flatMap(OneBotSegment.list(in:)) }).first
    else {
      throw OneBotFrameError(member: "message", problem: "is missing or neither array nor string")
    }
    var text = ""
    var mentions = Mentions()
    for segment in segments {
      switch segment.type {
      case "text": text += segment.text("text") ?? ""
      case "face": text += segment.text("id").map { "[face:\(DisplayName.singleLine($0))]" } ?? ""
      case "at": text += Self.render(segment, selfID: selfID, into: &mentions)
      default: break
      }
    }
    self.text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    self.mentions = mentions
    attachments = segments.compactMap(Self.attachment)
    // A piece that cannot even be read is one all the same.
    let isComplete = (document["message"]?.array).map { $0.count == segments.count } ?? true
    let account = selfID
    let pieces = segments.drop { $0.type == "at" && $0.text("qq") == account }
    isPlain = isComplete && pieces.count == 1 && pieces.first?.type == "text"
    repliesTo = segments.first { $0.type == "reply" }?.text("id")
    forwardID = segments.first { $0.type == "forward" }?.text("id")
  }

  /// What a mention reads like; the bot's own is taken out.
  private static func render(_ segment: OneBotSegment, selfID: String, into mentions: inout Mentions) -> String {
    guard let target = segment.text("qq"), !target.isEmpty else { return "" }
    if target == selfID {
      mentions.bot = true
      return ""
    }
    if target == "all" {
      mentions.everyone = true
      return "@全体成员"
    }
    let id = DisplayName.singleLine(target)
    if !mentions.others.contains(id) { mentions.others.append(id) }
    var name = DisplayName.singleLine(segment.text("name") ?? "")
    if name.hasPrefix("@") { name.removeFirst() }
    return "@" + (name.isEmpty ? id : name)
  }

  /// `file` may be a path on the other machine: only `url` is passed on, and only HTTP.
  private static func attachment(_ segment: OneBotSegment) -> Attachment? {
    let kind: String
    switch segment.type {
    case "image", "video", "file": kind = segment.type
    case "record": kind = "voice"
    default: return nil
    }
    return Attachment(
      kind: kind, name: segment.text("name").map(DisplayName.singleLine),
      url: segment.text("url").flatMap(Attachment.webAddress))
  }
}

extension OneBotMessage {
  /// The message as the rest of the host sees it.
  func event(channel: String, requestID: RequestID, receivedAt: Timestamp) -> ChatEvent {
    ChatEvent(
      requestID: requestID, receivedAt: receivedAt,
      conversation: Conversation(channel: channel, account: selfID, scene: scene),
      sender: Sender(id: "onebot:\(channel):\(senderID)", name: senderName, role: senderRole),
      messageID: id, text: text, mentions: mentions, attachments: attachments, repliesTo: repliesTo, sentAt: sentAt,
      isPlain: isPlain,
      // Message ids are local to one account and may collide between chats.
      dedupeKeys: ["message:\(selfID):\(scene):\(id)"])
  }
}

import Core
import Foundation

/// One action that sends something.
struct OneBotSendAction: Sendable, Equatable {
  /// Bytes of media that travel inside a frame; base64 makes them a third more, and the frame must stay below 16 MiB.
  static let mostBytes = 8 * 1024 * 1024
  static let limit: Duration = .seconds(25)
  /// The implementation fetches the media, or takes it over, and uploads it before it answers.
  static let mediaLimit: Duration = .seconds(80)

  let name: String
  let parameters: JSON
  /// How long the answer may take.
  var limit = Self.limit
  /// What to do where this action is unknown, as name and parameters.
  var alternative: Alternative?

  struct Alternative: Sendable, Equatable {
    let name: String
    let parameters: JSON
  }

  var otherwise: OneBotSendAction? {
    alternative.map { OneBotSendAction(name: $0.name, parameters: $0.parameters, limit: limit) }
  }

  /// What sends `message`, in order; the words come with the first.
  ///
  /// Always in array form: text in an array cannot become a CQ code. Ids are numbers, as strict parsers want them.
  ///
  /// - Parameter group: over which a private chat with somebody who is no friend runs.
  static func list(
    for message: OutboundMessage, over group: String? = nil
  ) throws(DeliveryError) -> [OneBotSendAction] {
    let chat = try OneBotTarget(message.conversation.scene, over: group)
    switch message.content {
    case .recall(let id):
      guard let id = Int64(id) else {
        throw DeliveryError(.giveUp, code: "target_invalid", message: "the message to take back has no OneBot id")
      }
      return [OneBotSendAction(name: "delete_msg", parameters: ["message_id": .integer(id)])]
    case .message(let content): return try chat.list(for: content)
    }
  }
}

/// The chat that actions go to.
private struct OneBotTarget {
  let isGroup: Bool
  let id: Int64
  private let temporaryGroup: Int64?

  init(_ scene: Scene, over group: String?) throws(DeliveryError) {
    switch scene.kind {
    case .group: isGroup = true
    case .private: isGroup = false
    case .guild, .guildPrivate:
      throw DeliveryError(.giveUp, code: "scene_unsupported", message: "OneBot v11 knows groups and private chats only")
    }
    guard let id = Int64(scene.id), id > 0 else {
      throw DeliveryError(.giveUp, code: "target_invalid", message: "the chat's id is not a QQ or group number")
    }
    self.id = id
    temporaryGroup = group.flatMap { Int64($0) }
  }

  func list(for content: MessageContent) throws(DeliveryError) -> [OneBotSendAction] {
    var words: [OneBotSegment] = []
    if let quoted = content.quotes, Int64(quoted) != nil {
      words.append(OneBotSegment(type: "reply", data: [.init(name: "id", value: .string(quoted))]))
    }
    if !content.text.isEmpty { words.append(.text(content.text)) }
    guard let media = content.media else { return [send(words, limit: OneBotSendAction.limit)] }
    let file: String
    do {
      file = try Self.file(media.source)
    } catch {
      // The words are complete in themselves.
      guard content.text.isEmpty else { return [send(words, limit: OneBotSendAction.limit)] }
      throw error
    }
    let limit = OneBotSendAction.mediaLimit
    let name = media.name.map(DisplayName.singleLine) ?? "file"
    switch media.kind {
    case .image: return [send(words + [segment("image", file)], limit: limit)]
    // QQ shows these as messages of their own.
    case .voice: return before(words, [send([segment("record", file)], limit: limit)])
    case .video: return before(words, [send([segment("video", file)], limit: limit)])
    case .file:
      let plain = send([segment("file", file, name: name)], limit: limit)
      let upload = OneBotSendAction(
        name: isGroup ? "upload_group_file" : "upload_private_file",
        parameters: [member: .integer(id), "file": .string(file), "name": .string(name)], limit: limit,
        alternative: .init(name: plain.name, parameters: plain.parameters))
      return before(words, [upload])
    }
  }

  private var member: String { isGroup ? "group_id" : "user_id" }

  private func before(_ words: [OneBotSegment], _ media: [OneBotSendAction]) -> [OneBotSendAction] {
    words.contains { $0.type == "text" } ? [send(words, limit: OneBotSendAction.limit)] + media : media
  }

  private func send(_ segments: [OneBotSegment], limit: Duration) -> OneBotSendAction {
    var parameters: [String: JSON] = [member: .integer(id), "message": .array(segments.map(\.json))]
    if !isGroup, let temporaryGroup { parameters["group_id"] = .integer(temporaryGroup) }
    return OneBotSendAction(
      name: isGroup ? "send_group_msg" : "send_private_msg", parameters: .object(parameters), limit: limit)
  }

  private func segment(_ type: String, _ file: String, name: String? = nil) -> OneBotSegment {
    var data = [OneBotSegment.Member(name: "file", value: .string(file))]
    if let name { data.append(.init(name: "name", value: .string(name))) }
    return OneBotSegment(type: type, data: data)
  }

  /// Never a path: `file://` would make the implementation read its own disk.
  private static func file(_ source: MessageContent.Media.Source) throws(DeliveryError) -> String {
    switch source {
    case .url(let url):
      guard let url = Attachment.webAddress(url) else {
        throw DeliveryError(.giveUp, code: "media_invalid", message: "media must come from an http or https URL, or as bytes")
      }
      return url
    case .bytes(let bytes):
      guard bytes.count <= OneBotSendAction.mostBytes else {
        throw DeliveryError(
          .giveUp, code: "media_too_large", message: "at most \(OneBotSendAction.mostBytes) bytes fit into an action")
      }
      return "base64://" + Data(bytes).base64EncodedString()
    }
  }
}

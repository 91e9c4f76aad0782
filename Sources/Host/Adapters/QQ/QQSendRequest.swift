import AdapterHTTP
import Core
import Foundation
import NIOHTTP1

/// One message as the platform wants it, or the call that takes one back.
struct QQSendRequest: Sendable, Equatable {
  let method: HTTPMethod
  /// Below the API's base.
  let path: String
  /// The members of the message; null for a recall.
  let body: JSON
  /// A guild image that goes along.
  let image: QQFormFile?
  /// Whether sending it twice shows it once.
  let isRepeatable: Bool

  /// - Parameter fileInfo: what the platform calls the message's media after their upload.
  init(_ message: OutboundMessage, form: QQMessageForm = .full, fileInfo: String? = nil) {
    let scene = message.conversation.scene
    switch message.content {
    case .recall(let id):
      method = .DELETE
      path = Self.path(for: scene) + "/" + Self.escapedMessage(id) + (scene.kind.isGuild ? "?hidetip=false" : "")
      body = .null
      image = nil
      isRepeatable = true
    case .message(let content):
      method = .POST
      path = Self.path(for: scene)
      let members = Self.members(of: content, in: scene.kind, form: form, fileInfo: fileInfo)
      var body = members.body
      image = members.image
      let answers = message.answers
      if let answers { body[answers.kind == .message ? "msg_id" : "event_id"] = .string(answers.messageID) }
      if !scene.kind.isGuild, answers != nil { body["msg_seq"] = .integer(Int64(message.sequence)) }
      // Only for messages is it documented that a repeated number is recognised.
      isRepeatable = !scene.kind.isGuild && answers?.kind == .message
      self.body = .object(body)
    }
  }

  /// What goes over the wire.
  var payload: JSONClient.Body? {
    if body == .null { return nil }
    return image.map { $0.form(with: body) } ?? .json(body)
  }

  private static func members(
    of content: MessageContent, in kind: Scene.Kind, form: QQMessageForm, fileInfo: String?
  ) -> (body: [String: JSON], image: QQFormFile?) {
    var body = reference(to: content.quotes, in: kind)
    var image: QQFormFile?
    let words = plain(form == .unlinked ? unlinked(content.text) : content.text, in: kind)
    var type: Int64 = 0
    if form == .full, let fileInfo {
      type = 7
      body["media"] = ["file_info": .string(fileInfo)]
      // Older servers refuse an empty text.
      body["content"] = .string(words.isEmpty ? " " : words)
    } else if form == .full, kind.isGuild, let media = content.media, media.kind == .image {
      if !words.isEmpty { body["content"] = .string(words) }
      switch media.source {
      case .url(let url): body["image"] = .string(url)
      case .bytes(let bytes): image = QQFormFile(field: "file_image", name: media.name ?? "image", bytes: bytes)
      }
    } else if form == .full, content.media == nil, content.markdown != nil || !content.buttons.isEmpty && isSameAsMarkup(words) {
      type = 2
      let markdown = content.markdown.map { plain($0, in: kind) } ?? words
      body["markdown"] = ["content": .string(markdown)]
      if let keyboard = QQKeyboard.json(content.buttons) { body["keyboard"] = keyboard }
    } else {
      body["content"] = .string(words)
    }
    if !kind.isGuild { body["msg_type"] = .integer(type) }
    return (body, image)
  }

  /// Groups and private chats quote by the platform's index only.
  private static func reference(to quoted: String?, in kind: Scene.Kind) -> [String: JSON] {
    guard let quoted else { return [:] }
    if kind.isGuild { return ["message_reference": ["message_id": .string(quoted), "ignore_get_message_error": true]] }
    return quoted.hasPrefix("REFIDX_") ? ["message_reference": ["message_id": .string(quoted)]] : [:]
  }

  /// Where messages to `scene` are posted.
  static func path(for scene: Scene) -> String {
    let id = escaped(scene.id)
    return switch scene.kind {
    case .private: "/v2/users/\(id)/messages"
    case .group: "/v2/groups/\(id)/messages"
    case .guild: "/channels/\(id)/messages"
    case .guildPrivate: "/dms/\(id)/messages"
    }
  }

  /// Ids are opaque; one path segment must stay one.
  static func escaped(_ id: String) -> String {
    id.utf8.map { byte in
      byte.isDecimalDigit || byte.isASCIILetter || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        ? String(Unicode.Scalar(byte)) : String(format: "%%%02X", byte)
    }.joined()
  }

  /// Ids of messages hold dots; those that are nothing but dots would leave the path.
  private static func escapedMessage(_ id: String) -> String {
    let escaped = escaped(id)
    return id.utf8.allSatisfy { $0 == UInt8(ascii: ".") } ? escaped : escaped.replacing("%2E", with: ".")
  }
}

extension Scene.Kind {
  /// Guild channels and their direct messages have bodies of their own.
  var isGuild: Bool { self == .guild || self == .guildPrivate }
}

import Core

/// One document from an implementation: an event, or the answer to an action.
enum OneBotFrame: Sendable, Hashable {
  case message(OneBotMessage)
  /// Our own message, reported back; never acted on.
  case selfMessage(OneBotMessage)
  /// A system hint in the form of a message, or a kind of message outside OneBot v11 (nil).
  case ignored(OneBotMessage?)
  case notice(OneBotNotice)
  case request(OneBotRequest)
  case meta(OneBotMeta)
  case response(OneBotResponse)
  case unknown

  init(parsing document: JSON) throws(OneBotFrameError) {
    guard document.object != nil else { throw OneBotFrameError(member: "the frame", problem: "is not an object") }
    guard let postType = document["post_type"]?.string else {
      guard document["retcode"] != nil || document["status"] != nil else {
        throw OneBotFrameError(member: "post_type", problem: "is missing, and it is no answer to an action either")
      }
      self = .response(OneBotResponse(parsing: document))
      return
    }
    switch postType {
    case "message", "message_sent": self = try Self.message(in: document, isSent: postType == "message_sent")
    case "notice": self = .notice(try OneBotNotice(parsing: document))
    case "request": self = OneBotRequest(parsing: document).map(OneBotFrame.request) ?? .unknown
    case "meta_event": self = OneBotMeta(parsing: document).map(OneBotFrame.meta) ?? .unknown
    default: self = .unknown
    }
  }

  private static func message(in document: JSON, isSent: Bool) throws(OneBotFrameError) -> OneBotFrame {
    guard ["group", "private"].contains(document["message_type"]?.string) else { return .ignored(nil) }
    let message = try OneBotMessage(parsing: document)
    if isSent || message.senderID == message.selfID { return .selfMessage(message) }
    return document["sub_type"] == "notice" ? .ignored(message) : .message(message)
  }
}

/// What is wrong with a frame, and where.
struct OneBotFrameError: Error, Sendable, Hashable {
  let member: String
  let problem: String

  var description: String { "\(member) \(problem)" }
}

extension JSON {
  /// A QQ number, group number or message id: a 64-bit integer, or its digits. Always written the same way.
  func number(_ key: String) -> String? {
    switch self[key] {
    case .integer(let value): String(value)
    case .string(let text): Int64(text).map { String($0) }
    default: nil
    }
  }

  /// Like `number(_:)`, for members without which the frame means nothing.
  func requiredNumber(_ key: String) throws(OneBotFrameError) -> String {
    guard let number = number(key) else { throw OneBotFrameError(member: key, problem: "is missing or not an integer") }
    return number
  }
}

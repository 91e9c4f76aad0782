import Core

/// What becomes of an event, whichever way it came in.
struct OneBotInterpreter: Sendable {
  let channel: String
  let maximumAge: Duration

  func interpret(_ frame: OneBotFrame, receivedAt: Timestamp, requestID: RequestID) -> Interpretation {
    switch frame {
    case .message(let message):
      if message.isAnonymous { return .ignored(type: "anonymous_message") }
      if let sentAt = message.sentAt, receivedAt.since(sentAt) > maximumAge { return .ignored(type: "stale") }
      return .event(message.event(channel: channel, requestID: requestID, receivedAt: receivedAt))
    case .selfMessage: return .ignored(type: "self_message")
    case .ignored(.some): return .ignored(type: "system_message")
    case .ignored(nil): return .ignored(type: "foreign_message")
    case .notice(let notice):
      if let event = notice.event(channel: channel, requestID: requestID, receivedAt: receivedAt) { return .event(event) }
      switch notice.kind {
      case .botOffline: return .ignored(type: "account_offline")
      case .unknown: return .ignored(type: Interpretation.unknownType)
      default: return .ignored(type: "notice")
      }
    case .request(let request):
      // Only people can answer these: they do it in QQ itself.
      switch request.kind {
      case .friend: return .ignored(type: "friend_request")
      case .groupJoin: return .ignored(type: "group_join_request")
      case .groupInvite: return .ignored(type: "group_invitation")
      }
    case .meta(let meta): return .ignored(type: meta.isOnline == false ? "account_offline" : "meta_event")
    case .response: return .ignored(type: "unmatched_response")
    case .unknown: return .ignored(type: Interpretation.unknownType)
    }
  }
}

extension OneBotFrame {
  /// The account that the frame is about, where it says so.
  var selfID: String? {
    switch self {
    case .message(let message), .selfMessage(let message), .ignored(.some(let message)): message.selfID
    case .notice(let notice): notice.selfID
    case .meta(let meta): meta.selfID
    case .request, .response, .ignored(nil), .unknown: nil
    }
  }

  /// Reads a frame; what cannot be read is refused with 400 `event_invalid`.
  static func read(_ document: JSON) throws(Refusal) -> OneBotFrame {
    do {
      return try OneBotFrame(parsing: document)
    } catch {
      throw Refusal(status: 400, code: "event_invalid", message: error.description)
    }
  }
}

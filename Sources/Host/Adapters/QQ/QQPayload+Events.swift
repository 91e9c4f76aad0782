import Core

extension QQPayload {
  /// What the rest of the host learns of this, whichever way it came.
  func interpretation(channel: String, appID: String, requestID: RequestID, receivedAt: Timestamp) -> Interpretation {
    switch self {
    case .message(let message):
      guard !message.senderIsBot else { return .ignored(type: "bot_message") }
      return .event(message.event(channel: channel, appID: appID, requestID: requestID, receivedAt: receivedAt))
    case .interaction(let interaction):
      let event = interaction.event(channel: channel, appID: appID, requestID: requestID, receivedAt: receivedAt)
      return event.map(Interpretation.event) ?? .ignored(type: "interaction")
    case .notice(let notice):
      let event = notice.event(channel: channel, appID: appID, requestID: requestID, receivedAt: receivedAt)
      return event.map(Interpretation.event) ?? .ignored(type: "notice")
    case .joinRequest: return .ignored(type: "request")
    case .control: return .ignored(type: "gateway_control")
    case .unknown(let type): return .ignored(type: type?.label ?? Interpretation.unknownType)
    }
  }
}

extension QQInteraction {
  /// The press of a button or menu entry; nil for the other interactions, and when nobody is named.
  func event(channel: String, appID: String, requestID: RequestID, receivedAt: Timestamp) -> ChatEvent? {
    guard mustBeAcknowledged, let actorID else { return nil }
    return ChatEvent(
      requestID: requestID, receivedAt: receivedAt,
      kind: .button(
        ButtonPress(interactionID: id, buttonID: buttonID ?? featureID, mustBeAcknowledged: mustBeAcknowledged)),
      conversation: Conversation(channel: channel, account: appID, scene: scene), guild: guildID,
      sender: Sender(id: "qq:\(appID):\(actorID)", name: ""),
      // A reply names the outer id; the inner one is refused.
      messageID: eventID ?? id, text: buttonData ?? featureID ?? "", sentAt: happenedAt,
      dedupeKeys: [eventID, "interaction:\(id)"].compactMap(\.self))
  }
}

extension QQNotice {
  /// The notice, where it matters to the host; nil for the others, and without the outer id that a redelivery is known by.
  func event(channel: String, appID: String, requestID: RequestID, receivedAt: Timestamp) -> ChatEvent? {
    guard let notice, let scene, let eventID else { return nil }
    return ChatEvent(
      requestID: requestID, receivedAt: receivedAt, kind: .notice(notice),
      conversation: Conversation(channel: channel, account: appID, scene: scene), guild: guildID,
      // The platform's own doings have nobody's name.
      sender: Sender(id: "qq:\(appID):\(actorID ?? "-")", name: ""),
      messageID: eventID, text: "", sentAt: happenedAt, dedupeKeys: [eventID])
  }

  private var notice: Notice? {
    switch kind {
    case .groupBotAdded: .botAdded
    case .groupBotRemoved: .botRemoved
    case .friendAdded: .friendAdded
    case .friendRemoved: .friendRemoved
    case .groupPushOn, .c2cPushOn: .unaskedAllowed
    case .groupPushOff, .c2cPushOff: .unaskedRefused
    case .auditPass: auditID.map { .reviewPassed(auditID: $0, messageID: messageID) }
    case .auditReject: auditID.map { .reviewRejected(auditID: $0) }
    case .groupMemberAdded, .groupMemberRemoved, .subscription, .reactionAdded, .reactionRemoved, .messageDeleted, .guildAdded,
      .guildRemoved:
      nil
    }
  }
}

import Core

extension OneBotNotice {
  /// The notice as the rest of the host sees it; nil when it changes nothing for us.
  func event(channel: String, requestID: RequestID, receivedAt: Timestamp) -> ChatEvent? {
    guard let scene, let meaning else { return nil }
    return ChatEvent(
      requestID: requestID, receivedAt: receivedAt, kind: meaning.kind,
      conversation: Conversation(channel: channel, account: selfID, scene: scene),
      sender: Sender(id: "onebot:\(channel):\(actor)", name: actor), messageID: fingerprint, text: "",
      attachments: meaning.attachments, sentAt: happenedAt, dedupeKeys: ["notice:\(fingerprint)"])
  }

  /// Who did it, as far as it is said.
  private var actor: String {
    operatorID.flatMap { $0 == "0" ? nil : $0 } ?? userID ?? "0"
  }

  private var meaning: (kind: ChatEvent.Kind, attachments: [Attachment])? {
    let isAboutBot = userID == selfID
    switch kind {
    case .groupBotAdded: return (.notice(.botAdded), [])
    case .groupBotRemoved, .groupDisbanded: return (.notice(.botRemoved), [])
    case .friendAdded: return (.notice(.friendAdded), [])
    case .groupMemberMuted where isAboutBot: return (.notice(.muted), [])
    case .groupMemberUnmuted where isAboutBot: return (.notice(.unmuted), [])
    case .messageRecalled: return messageID.map { (.notice(.recalled(messageID: $0)), []) }
    // A file in a group comes as a notice only: it is what somebody said without words.
    case .groupFileUploaded where !isAboutBot: return file.map { (.message, [$0]) }
    default: return nil
    }
  }
}

extension Attachment {
  /// `url` is passed on only when it leads to a server; anything else may be a path on the other machine.
  init(oneBotFile file: JSON) {
    self.init(
      kind: "file", name: file["name"]?.string.map(DisplayName.singleLine), url: file["url"]?.string.flatMap(Self.webAddress))
  }

  static func webAddress(_ text: String) -> String? {
    text.hasPrefix("https://") || text.hasPrefix("http://") ? text : nil
  }
}

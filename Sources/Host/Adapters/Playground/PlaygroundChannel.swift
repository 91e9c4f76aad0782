package import Core

/// The made-up people and the group of the playground.
package enum PlaygroundCast {
  package static let group = "demo"
  package static let members = ["admin", "alice", "bob"]
}

/// A channel without a platform: messages come from the playground routes on this machine, answers are read back from the outbox.
///
/// It goes through the same gateway, journal and outbox as every other channel. A message is a document
/// `{"as":"alice","group":"demo"|null,"text":"…","mention":true,"id":"…"}`.
package struct PlaygroundChannel: WebhookChannel, Deliverer {
  package let name: String

  package init(name: String) {
    self.name = name
  }

  /// Its routes have checked already that the client is on this machine; there is nothing to sign.
  package func authenticate(_ request: WebhookRequest) throws(Refusal) -> Authentication { .verified }

  package func interpret(
    _ document: JSON, of request: WebhookRequest, authentication: Authentication, requestID: RequestID
  ) throws(Refusal) -> Interpretation {
    guard let members = document.object, let speaker = members["as"]?.string, let text = members["text"]?.string,
      let id = members["id"]?.string, (1...64).contains(id.utf8.count)
    else {
      throw Refusal(
        status: 400, code: "event_invalid",
        message: "expected {\"as\": name, \"group\": name or null, \"text\": …, \"mention\": bool, \"id\": 1–64 bytes}")
    }
    guard let scene = Self.scene(of: members["group"]?.string, speaker: speaker) else {
      throw Refusal(
        status: 400, code: "unknown_member",
        message: "the playground knows \(PlaygroundCast.members.joined(separator: ", ")) and the group \(PlaygroundCast.group)")
    }
    return .event(
      ChatEvent(
        requestID: requestID, receivedAt: request.receivedAt, conversation: conversation(in: scene),
        sender: Sender(id: "playground:\(speaker)", name: speaker, role: speaker == "admin" ? .admin : .member), messageID: id,
        text: text, mentions: Mentions(bot: members["mention"]?.bool ?? false), isPlain: true, dedupeKeys: ["message:\(id)"]))
  }

  package var acknowledgement: WebhookAnswer { WebhookAnswer(status: 200, body: ["ok": true]) }

  package var recognisesRepeats: Bool { true }

  package var rules: SendingRules { SendingRules(textLimit: 16_000) }

  /// Nothing to send: that the outbox row is marked as sent is what readers wait for.
  package func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt {
    DeliveryReceipt(messageID: "playground-\(message.id)")
  }

  /// The chat that a member sees; nil when there is no such member or group.
  package static func scene(of group: String?, speaker: String) -> Scene? {
    guard PlaygroundCast.members.contains(speaker) else { return nil }
    guard let group else { return Scene(.private, speaker) }
    return group == PlaygroundCast.group ? Scene(.group, group) : nil
  }

  package func conversation(in scene: Scene) -> Conversation {
    Conversation(channel: name, account: "playground", scene: scene)
  }
}

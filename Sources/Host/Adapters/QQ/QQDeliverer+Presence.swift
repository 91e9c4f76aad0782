import AdapterHTTP
package import Core
import NIOHTTP1

extension QQDeliverer: Presence {
  /// Private chats only have such a notice.
  package func showsTyping(in scene: Scene.Kind) -> Bool { scene == .private }

  package func showTyping(in conversation: Conversation, answering: MessageReference, sequence: Int) async {
    guard showsTyping(in: conversation.scene.kind) else { return }
    let body: JSON = [
      "msg_type": 6, "input_notify": ["input_type": 1, "input_second": 60],
      answering.kind == .message ? "msg_id" : "event_id": .string(answering.messageID), "msg_seq": .integer(Int64(sequence)),
    ]
    await sign(.POST, QQSendRequest.path(for: conversation.scene), body)
  }

  package func acknowledge(_ press: ButtonPress, in conversation: Conversation, as outcome: PressOutcome) async {
    guard press.mustBeAcknowledged else { return }
    // The platform's codes: done, done before, no permission.
    let code: JSON =
      switch outcome {
      case .taken: 0
      case .repeated: 3
      case .refused: 4
      }
    await sign(.PUT, "/interactions/\(QQSendRequest.escaped(press.interactionID))", ["code": code])
  }
}

import AsyncHTTPClient
import Core
import Testing

@testable import AdapterOneBot
@testable import AdapterQQ

/// One adapter, as the conformance suite sees it: how its documents are read, how its messages are sent, and what its wire must show.
struct AdapterUnderTest: Sendable, CustomTestStringConvertible {
  /// A message and the exact requests that it must become.
  struct Outbound: Sendable, CustomTestStringConvertible {
    let name: String
    let message: OutboundMessage
    let calls: [Call]

    var testDescription: String { name }
  }

  struct Call: Sendable, Equatable, CustomStringConvertible {
    let method: String
    let path: String
    let body: JSON?

    var description: String { "\(method) \(path) \(body?.canonical ?? "")" }
  }

  let kind: String
  /// Documents as they arrive, valid or not.
  let documents: [VectorCase]
  /// Reads one document on the channel `main`.
  let interpret: @Sendable (VectorCase, RequestID) throws -> Interpretation
  /// The way out, towards a platform at that base.
  let deliverer: @Sendable (_ base: String, HTTPClient) throws -> any Deliverer
  /// What the platform answers when all is well, by path.
  let script: [String: [FakePlatform.Reply]]
  /// The one path at which the faults happen, and a message that goes there.
  let probe: (path: String, message: OutboundMessage)
  let outbound: [Outbound]

  var testDescription: String { kind }

  /// When the documents are received.
  static let receivedAt = Timestamp(seconds: 1_780_000_060)

  static let all = [qq, oneBot]

  static func request(_ vector: VectorCase) -> WebhookRequest {
    WebhookRequest(headers: [:], body: [], remoteAddress: "127.0.0.1", receivedAt: receivedAt)
  }

  static func message(
    _ scene: Scene, _ content: OutboundContent, answers: MessageReference? = MessageReference(messageID: "m1"),
    sequence: Int = 1, account: String
  ) -> OutboundMessage {
    OutboundMessage(
      id: 1, requestID: RequestID(), conversation: Conversation(channel: "main", account: account, scene: scene),
      content: content, answers: answers, sequence: sequence)
  }
}

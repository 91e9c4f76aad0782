import Foundation

/// Webhook requests as they go over the wire, made and signed before any clock starts. Each is an event of its own.
struct SignedRequests: Sendable {
  static let appID = "102000000"
  static let path = "/qq/webhook/main"
  /// Groups, and people, over which the events are spread.
  private static let chats = 200

  private var bytes: [UInt8] = []
  private var ends = [0]

  /// - Parameter label: begins every event id, so that no two sets share one.
  init(count: Int, label: String, key: BotKey) throws {
    bytes.reserveCapacity(count * 1024)
    let timestamp = String(Int(Date().timeIntervalSince1970))
    for number in 0..<count {
      let body = Array(Self.event(id: "\(label)-\(number)", chat: number % Self.chats).utf8)
      let head = """
        POST \(Self.path) HTTP/1.1\r
        Host: 127.0.0.1\r
        User-Agent: QQBot-Callback\r
        Content-Type: application/json\r
        Content-Length: \(body.count)\r
        X-Bot-Appid: \(Self.appID)\r
        X-Signature-Timestamp: \(timestamp)\r
        X-Signature-Ed25519: \(try key.signature(timestamp: timestamp, body: body))\r
        \r

        """
      bytes += head.utf8
      bytes += body
      ends.append(bytes.count)
    }
  }

  var count: Int { ends.count - 1 }

  func withRequest<Value>(_ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Value) rethrows -> Value {
    try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[ends[index]..<ends[index + 1]])) }
  }

  /// A group message that speaks to the bot and is no command, in the platform's envelope.
  private static func event(id: String, chat: Int) -> String {
    """
    {"id":"GROUP_AT_MESSAGE_CREATE:\(id)","op":0,"s":1,"t":"GROUP_AT_MESSAGE_CREATE","d":{"id":"\(id)",\
    "content":" hello ","group_openid":"group-\(chat)","group_id":"group-\(chat)",\
    "timestamp":"2026-05-28T20:26:40+08:00","message_type":0,"author":{"id":"member-\(chat)",\
    "member_openid":"member-\(chat)","member_role":"member","username":"member-\(chat)"}}}
    """
  }
}

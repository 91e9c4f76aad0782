package import Core
import Synchronization

/// The other side of OneBot v11: a QQ client bridge with one account, whose people say what a test tells them to, and whose
/// actions do nothing but to be remembered.
package final class OneBotSimulator: Sendable {
  /// One action that the application called.
  package struct Call: Sendable {
    package let action: String
    package let parameters: JSON

    /// Where a message went: `group:1` or `private:2`.
    package var chat: String? {
      if let group = parameters["group_id"]?.integer, parameters["message_type"] != "private" { return "group:\(group)" }
      return parameters["user_id"]?.integer.map { "private:\($0)" }
    }

    /// The segments of a message, whichever way they were written.
    package var segments: [JSON] {
      switch parameters["message"] {
      case .array(let segments): segments
      case .object(let segment): [.object(segment)]
      case .string(let text): [["type": "text", "data": ["text": .string(text)]]]
      default: []
      }
    }

    /// The words of a message.
    package var text: String { segments.compactMap { $0["data"]?["text"]?.string }.joined() }
    package var isMessage: Bool { ["send_msg", "send_group_msg", "send_private_msg"].contains(action) }
  }

  private struct State {
    var lastID: Int64 = 0
    var refused: Set<String> = []
    var unknown: Set<String> = []
    var lines: [Int: @Sendable (String) async -> Void] = [:]
    var nextLine = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  package let dialect: OneBotDialect
  package let account: Int64
  package let token: String?
  /// Key of the signature of posted events.
  package let secret: String?
  /// Each action once, in the order in which they came.
  package let calls: AsyncStream<Call>
  private let called: AsyncStream<Call>.Continuation
  private let state = Mutex(State())

  package init(_ dialect: OneBotDialect, account: Int64 = 10001, token: String? = nil, secret: String? = nil) {
    self.dialect = dialect
    self.account = account
    self.token = token
    self.secret = secret
    (calls, called) = AsyncStream.makeStream()
  }

  // MARK: What tests do

  /// Somebody writes, in a group or privately.
  package func say(_ text: String, as user: Int64 = 30003, group: Int64? = nil) async {
    await say([["type": "text", "data": ["text": .string(text)]]], as: user, group: group)
  }

  package func say(_ segments: [JSON], as user: Int64 = 30003, group: Int64? = nil) async {
    await send(message(segments, from: user, group: group))
  }

  /// A private message, to be sent as often as a test likes.
  package func message(_ text: String, from user: Int64 = 30003) -> JSON {
    message([["type": "text", "data": ["text": .string(text)]]], from: user, group: nil)
  }

  /// An event on every connection that takes events; `time`, `self_id` are filled in.
  package func send(_ event: JSON) async {
    var members = event.object ?? [:]
    members["time"] = members["time"] ?? .integer(WallClock.system.now().seconds)
    members["self_id"] = .integer(account)
    let text = JSON.object(members).canonical
    for line in state.withLock({ Array($0.lines.values) }) { await line(text) }
  }

  /// The next message that the application sends; what else it calls is passed over.
  package func nextMessage() async -> Call? {
    await next { $0.isMessage }
  }

  package func next(where isWanted: (Call) -> Bool) async -> Call? {
    for await call in calls where isWanted(call) { return call }
    return nil
  }

  /// From now on this action fails.
  package func refuse(_ action: String) {
    state.withLock { _ = $0.refused.insert(action) }
  }

  /// From now on this action does not exist.
  package func forget(_ action: String) {
    state.withLock { _ = $0.unknown.insert(action) }
  }

  /// Returns once there is a connection that takes events.
  package func waitForApplication() async {
    await withCheckedContinuation { continuation in
      let isThere = state.withLock { state in
        if state.lines.isEmpty { state.waiting.append(continuation) }
        return !state.lines.isEmpty
      }
      if isThere { continuation.resume() }
    }
  }

  package func heartbeat(isOnline: Bool = true, interval: Int64 = 5000) -> JSON {
    [
      "post_type": "meta_event", "meta_event_type": "heartbeat", "interval": .integer(interval),
      "status": ["online": .bool(isOnline), "good": true],
    ]
  }

  // MARK: What connections need

  /// The events at the beginning of a WebSocket.
  var greetings: [String] {
    let lifecycle = dialect.greetings.map { kind -> JSON in
      [
        "time": .integer(WallClock.system.now().seconds), "self_id": .integer(account), "post_type": "meta_event",
        "meta_event_type": "lifecycle", "sub_type": .string(kind),
      ]
    }
    return lifecycle.map(\.canonical)
  }

  /// Lets events go out by `send` until `leave` is called with the result.
  func join(_ send: @escaping @Sendable (String) async -> Void) -> Int {
    let (line, waiting) = state.withLock { state in
      state.nextLine += 1
      state.lines[state.nextLine] = send
      defer { state.waiting = [] }
      return (state.nextLine, state.waiting)
    }
    for continuation in waiting { continuation.resume() }
    return line
  }

  func leave(_ line: Int) {
    state.withLock { $0.lines[line] = nil }
  }

  enum Transport { case socket, http }

  /// Does what was called.
  func perform(_ action: String, _ parameters: JSON, over transport: Transport) -> (status: Int, answer: [String: JSON]) {
    let (refused, unknown) = state.withLock { ($0.refused.contains(action), $0.unknown.contains(action)) }
    called.yield(Call(action: action, parameters: parameters))
    let data: JSON?
    switch action {
    case "send_msg", "send_group_msg", "send_private_msg": data = ["message_id": .integer(newMessageID())]
    case "get_login_info": data = ["user_id": .integer(account), "nickname": "robot"]
    case "get_status": data = ["online": true, "good": true]
    case "get_version_info": data = ["app_name": .string(dialect.name), "app_version": "0", "protocol_version": "v11"]
    case "delete_msg", "upload_group_file", "upload_private_file": data = .null
    default: data = nil
    }
    guard let data, !unknown else {
      let code = transport == .socket ? dialect.unknown.socket : dialect.unknown.http
      return (transport == .socket ? 200 : dialect.unknown.status, failure(code, "no such action"))
    }
    guard !refused else { return (200, failure(transport == .socket ? dialect.failed.socket : dialect.failed.http, "told to")) }
    return (200, ["status": "ok", "retcode": 0, "data": data])
  }

  func failure(_ code: Int64, _ reason: String) -> [String: JSON] {
    ["status": "failed", "retcode": .integer(code), "data": .null, dialect.reason: .string(reason)]
  }

  /// The answer to one frame of a WebSocket; nil when it cannot be read.
  func answer(frame: String) -> String? {
    guard let frame = try? JSON(parsing: frame), let action = frame["action"]?.string else { return nil }
    var answer = perform(action, frame["params"] ?? [:], over: .socket).answer
    answer["echo"] = frame["echo"] ?? dialect.missingEcho
    return JSON.object(answer).canonical
  }

  private func newMessageID() -> Int64 {
    state.withLock { state in
      state.lastID += 1
      return dialect.hasNegativeIDs ? -state.lastID : state.lastID
    }
  }

  private func message(_ segments: [JSON], from user: Int64, group: Int64?) -> JSON {
    let text = segments.map(Self.code).joined()
    var members: [String: JSON] = [
      "post_type": "message", "message_id": .integer(newMessageID()), "user_id": .integer(user), "font": 0,
      "message": dialect.isString ? .string(text) : .array(segments), "raw_message": .string(text),
      "message_format": dialect.isString ? "string" : "array",
      "sender": [
        "user_id": .integer(user), "nickname": "n", "card": "", "sex": "unknown", "age": 0, "role": "member", "area": "",
        "level": "1", "title": "",
      ],
    ]
    if let group {
      members["message_type"] = "group"
      members["sub_type"] = "normal"
      members["group_id"] = .integer(group)
      members["anonymous"] = .null
    } else {
      members["message_type"] = "private"
      members["sub_type"] = "friend"
    }
    return .object(members)
  }

  /// A segment as a CQ code.
  private static func code(_ segment: JSON) -> String {
    func escaped(_ text: String, comma: Bool) -> String {
      var text = text
      for (plain, entity) in [("&", "&amp;"), ("[", "&#91;"), ("]", "&#93;")] + (comma ? [(",", "&#44;")] : []) {
        text = text.split(separator: plain, omittingEmptySubsequences: false).joined(separator: entity)
      }
      return text
    }
    let type = segment["type"]?.string ?? ""
    let data = segment["data"]?.object ?? [:]
    if type == "text" { return escaped(data["text"]?.string ?? "", comma: false) }
    return "[CQ:\(type)" + data.map { ",\($0.key)=\(escaped($0.value.string ?? "", comma: true))" }.joined() + "]"
  }
}

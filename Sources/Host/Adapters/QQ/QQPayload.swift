import Core

/// One document of the platform, from webhook or gateway, read as far as this host has a use for it.
enum QQPayload: Sendable, Hashable {
  case control(QQControl)
  case message(QQMessage)
  case notice(QQNotice)
  case interaction(QQInteraction)
  case joinRequest(QQJoinRequest)
  /// An event type that we know by name only, or not at all (nil).
  case unknown(QQEventType?)

  /// - Parameter botUserID: the bot's id in guilds, to recognise mentions there.
  init(parsing document: JSON, botUserID: String?) throws(QQPayloadError) {
    guard document.object != nil else { throw QQPayloadError(member: "the payload", problem: "is not an object") }
    guard let operation = document["op"]?.integer else {
      throw QQPayloadError(member: "op", problem: "is missing or not an integer")
    }
    let data = document["d"] ?? .null
    guard operation == 0 else {
      self = .control(try QQControl(operation: operation, data: data))
      return
    }
    guard let name = document["t"]?.string else { throw QQPayloadError(member: "t", problem: "is missing or not a string") }
    guard let type = QQEventType(rawValue: name) else {
      self = .unknown(nil)
      return
    }
    let eventID = document.identifier("id")
    switch type {
    case .ready: self = .control(.ready(try QQReady(parsing: data, sequence: document["s"]?.integer)))
    case .resumed: self = .control(.resumed(sequence: document["s"]?.integer))
    case .c2cMessage, .groupAtMessage, .groupMessage, .atMessage, .guildMessage, .directMessage:
      self = .message(try QQMessage(parsing: data, type: type, eventID: eventID, botUserID: botUserID))
    case .interaction: self = .interaction(try QQInteraction(parsing: data, eventID: eventID))
    case .groupJoinRequest: self = .joinRequest(try QQJoinRequest(parsing: data))
    default:
      if let kind = QQNotice.Kind(type) {
        self = .notice(QQNotice(kind, parsing: data, eventID: eventID))
      } else {
        self = .unknown(type)
      }
    }
  }
}

/// What is wrong with a document, and where.
struct QQPayloadError: Error, Sendable, Hashable {
  /// Path of the member, such as `d.author`.
  let member: String
  let problem: String

  var description: String { "\(member) \(problem)" }
}

/// Protocol business between platform and bot.
enum QQControl: Sendable, Hashable {
  case hello(heartbeatInterval: Duration)
  /// The other side asks for a sign of life; over HTTP it is answered with its own `d`.
  case heartbeatRequest(data: JSON)
  case heartbeatAcknowledged
  case reconnect
  case invalidSession(resumable: Bool)
  case ready(QQReady)
  case resumed(sequence: Int64?)
  case urlValidation(QQURLValidation)
  case unknown

  init(operation: Int64, data: JSON) throws(QQPayloadError) {
    switch operation {
    case 1: self = .heartbeatRequest(data: data.integer.map(JSON.integer) ?? .null)
    case 7: self = .reconnect
    case 9: self = .invalidSession(resumable: data.bool ?? false)
    case 10:
      guard let interval = data["heartbeat_interval"]?.integer, (1...86_400_000).contains(interval) else {
        throw QQPayloadError(member: "d.heartbeat_interval", problem: "is not a number of milliseconds within one day")
      }
      self = .hello(heartbeatInterval: .milliseconds(interval))
    case 11: self = .heartbeatAcknowledged
    case 13: self = .urlValidation(try QQURLValidation(parsing: data))
    default: self = .unknown
    }
  }
}

/// The first dispatch of a gateway session.
struct QQReady: Sendable, Hashable {
  let sessionID: String
  let botUserID: String?
  /// Index and count; empty when the platform named none.
  let shard: [Int64]
  let sequence: Int64?

  init(parsing data: JSON, sequence: Int64?) throws(QQPayloadError) {
    guard let sessionID = data.identifier("session_id") else {
      throw QQPayloadError(member: "d.session_id", problem: "is missing or not a string")
    }
    self.sessionID = sessionID
    botUserID = data["user"]?.identifier("id")
    shard = data["shard"]?.array?.compactMap(\.integer) ?? []
    self.sequence = sequence
  }
}

extension JSON {
  /// The longest id that is taken from the platform, in UTF-8 bytes; real ones have at most about 150.
  private static let longestIdentifier = 512

  /// A member that is a usable id: a string, not empty, not absurdly long.
  func identifier(_ key: String) -> String? {
    guard let text = self[key]?.string, (1...Self.longestIdentifier).contains(text.utf8.count) else { return nil }
    return text
  }
}

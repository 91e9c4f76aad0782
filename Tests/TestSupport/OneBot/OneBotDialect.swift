package import Core

/// The habits of one OneBot v11 implementation, where they differ.
package struct OneBotDialect: Sendable, CustomStringConvertible {
  /// What a forward WebSocket does with a wrong token.
  package enum WrongToken: Sendable {
    /// Answers the handshake with this HTTP status.
    case refuses(String)
    /// Upgrades, says so in a frame with retcode 1403, and closes.
    case tellsAndCloses(UInt16)
    /// Upgrades and closes.
    case closes(UInt16)
  }

  package let name: String
  package let userAgent: String
  /// The word before the token in `Authorization` of a reverse WebSocket.
  package var scheme = "Bearer"
  /// Whether `Authorization` is sent without a token as well.
  package var sendsEmptyToken = false
  /// How the role of the API socket is written.
  package var apiRole = "API"
  /// `sub_type` of the lifecycle events at the beginning of a WebSocket.
  package var greetings = ["connect"]
  /// Message ids count down from -1.
  package var hasNegativeIDs = false
  package var isString = false
  package var wrongToken = WrongToken.refuses("403 Forbidden")
  /// Code of an action that failed, over WebSocket and over HTTP.
  package var failed: (socket: Int64, http: Int64) = (100, 100)
  package var unknown: (socket: Int64, status: Int, http: Int64) = (1404, 200, 1404)
  /// HTTP status and body for a missing or wrong token.
  package var unauthorized: (status: Int, body: String) = (403, "")
  /// What `echo` is in an answer to a request that had none.
  package var missingEcho: JSON?
  /// The member that says why an action failed.
  package var reason = "wording"

  package var description: String { name + (isString ? ", strings" : "") }

  /// The same implementation, set to the other message format.
  package func writing(strings: Bool) -> OneBotDialect {
    var copy = self
    copy.isString = strings
    return copy
  }

  package static let napCat: OneBotDialect = {
    var dialect = OneBotDialect(name: "NapCat", userAgent: "OneBot/11")
    dialect.sendsEmptyToken = true
    dialect.wrongToken = .tellsAndCloses(1000)
    dialect.failed = (1200, 200)
    dialect.unknown = (1404, 200, 200)
    dialect.unauthorized = (403, #"{"message":"token verify failed!"}"#)
    dialect.missingEcho = ""
    return dialect
  }()

  package static let llBot: OneBotDialect = {
    var dialect = OneBotDialect(name: "LLBot", userAgent: "LLOneBot/8.1.7")
    dialect.wrongToken = .tellsAndCloses(1008)
    dialect.failed = (1200, 200)
    dialect.unknown = (1404, 404, 404)
    dialect.unauthorized = (403, #"{"message":"Forbidden"}"#)
    dialect.reason = "message"
    return dialect
  }()

  package static let snowLuma: OneBotDialect = {
    var dialect = OneBotDialect(name: "SnowLuma", userAgent: "OneBot/11")
    dialect.apiRole = "Api"
    dialect.greetings = ["connect", "enable"]
    dialect.hasNegativeIDs = true
    dialect.wrongToken = .closes(1008)
    dialect.unauthorized = (401, #"{"status":"failed","retcode":1401,"data":null,"wording":"unauthorized"}"#)
    return dialect
  }()

  package static let lagrange: OneBotDialect = {
    var dialect = OneBotDialect(name: "Lagrange.OneBot", userAgent: "")
    dialect.sendsEmptyToken = true
    dialect.apiRole = "Api"
    dialect.hasNegativeIDs = true
    dialect.failed = (200, 200)
    dialect.unknown = (404, 200, 404)
    return dialect
  }()

  package static let goCQHTTP: OneBotDialect = {
    var dialect = OneBotDialect(name: "go-cqhttp", userAgent: "CQHttp/4.15.0")
    dialect.scheme = "Token"
    dialect.hasNegativeIDs = true
    dialect.isString = true
    dialect.wrongToken = .refuses("401 Unauthorized")
    dialect.reason = "msg"
    return dialect
  }()

  package static let all = [napCat, llBot, snowLuma, lagrange, goCQHTTP]
}

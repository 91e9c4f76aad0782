import Core

/// The answer to an action.
struct OneBotResponse: Sendable, Hashable {
  enum Failure: String, Sendable {
    case unauthorized, unknownAction, badRequest, actionFailed
  }

  /// Nil: it worked, or was queued.
  let failure: Failure?
  /// Accepted, to be done later.
  let isQueued: Bool
  let code: Int64?
  /// What the action carried; nil when the implementation returned nothing.
  let echo: JSON?
  let messageID: String?
  /// The account that `get_login_info` tells.
  let userID: String?
  /// Why it failed, in the implementation's words; one short line.
  let words: String?

  init(parsing document: JSON) {
    let status = document["status"]?.string
    code = document["retcode"]?.integer
    isQueued = status == "async" || (status == nil && code == 1)
    let isDone = status == "ok" || (status == nil && code == 0)
    failure = isDone || isQueued ? nil : Self.failure(code)
    echo = document["echo"] == .null ? nil : document["echo"]
    messageID = document["data"]?.number("message_id")
    userID = document["data"]?.number("user_id")
    words = ["wording", "message", "msg"].lazy
      .compactMap { document[$0]?.string.map(DisplayName.singleLine) }.first { !$0.isEmpty }
  }

  /// The codes differ between implementations; nothing finer can be told apart.
  private static func failure(_ code: Int64?) -> Failure {
    switch code {
    case 401, 403, 1401, 1403: .unauthorized
    case 404, 1404: .unknownAction
    case 400, 1400: .badRequest
    default: .actionFailed
    }
  }
}

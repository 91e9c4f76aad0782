/// What follows from the code with which a gateway connection was closed.
enum QQCloseCode: String, Sendable {
  case resumeIfSession, identifyAfterBackoff, dropSessionThenIdentify, refreshTokenThenIdentify, wait60ThenResume
  case reduceIntentsOnceThenStop, stop

  init(_ code: UInt16) {
    switch code {
    case 4001, 4002, 4010...4013, 4914, 4915: self = .stop
    case 4004: self = .refreshTokenThenIdentify
    case 4006, 4007: self = .dropSessionThenIdentify
    case 4008: self = .wait60ThenResume
    case 4009: self = .resumeIfSession
    case 4014: self = .reduceIntentsOnceThenStop
    case 4000...4999: self = .identifyAfterBackoff
    default: self = .resumeIfSession
    }
  }

  /// What was wrong and how to mend it, for the codes after which the channel stops.
  static func advice(_ code: UInt16) -> String {
    switch code {
    case 4004: "the access token was refused three times; check app_id and secret"
    case 4010: "the shard is invalid; check 'shards'"
    case 4011: "the bot is in too many guilds for one connection; raise 'shards'"
    case 4013: "an intent is invalid; check 'intents'"
    case 4014: "the bot has no permission for an intent; apply for it in the console or take it out of 'intents'"
    case 4914: "the bot is offline and reaches its sandbox only; publish it in the console"
    case 4915: "the bot is banned; see the console"
    default: "the platform does not accept what this program sends; report it"
    }
  }
}

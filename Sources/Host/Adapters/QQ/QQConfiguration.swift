package import Core
import Foundation

/// One official bot: who it is, how it proves itself, where its platform lives.
package struct QQConfiguration: Sendable {
  /// The configured channel name.
  package let name: String
  package let appID: String
  /// The bot secret, newest first; two while it is being rotated.
  package let secrets: [Secret]
  /// Without trailing slash.
  package let apiBase: String
  package let tokenURL: String
  /// How far the signed time of a request may lie from ours, in either direction.
  package let freshness: Duration
  /// Answer URL validations that carry no signature. Open it only while the callback address is being saved.
  package let acceptUnsignedValidation: Bool
  /// The bot's own id in guilds, where mentions name it; nil when unknown.
  package let botUserID: String?
  /// What gateway connections ask for.
  let intents: QQIntents
  /// Gateway connections side by side.
  let shards: Int
  /// How much the bot may say.
  let sending: QQSendingLimits

  /// The signing keys of `secrets`, in that order, derived once.
  let keys: [QQSigningKey]

  /// - Throws: `QQConfigurationError` naming the setting when the app id is not decimal, when there is not one or two
  ///   non-empty secrets, or when a URL is not absolute HTTP.
  package init(
    name: String, appID: String, secrets: [Secret], apiBase: String = "https://api.bot.qq.com",
    tokenURL: String = "https://api.bot.qq.com/app/getAppAccessToken", freshness: Duration = .seconds(300),
    acceptUnsignedValidation: Bool = false, botUserID: String? = nil,
    intents: [QQIntent] = QQIntent.standard, shards: Int = 1, sending: QQSendingLimits = QQSendingLimits()
  ) throws(QQConfigurationError) {
    guard !appID.isEmpty, appID.utf8.allSatisfy(\.isDecimalDigit) else {
      throw QQConfigurationError(channel: name, setting: "app_id", message: "must be decimal digits, as the console shows it")
    }
    guard (1...2).contains(secrets.count) else {
      throw QQConfigurationError(
        channel: name, setting: "secret",
        message: "\(secrets.count) secrets given; one is needed, two are allowed during rotation")
    }
    self.keys = secrets.compactMap(QQSigningKey.init(secret:))
    guard keys.count == secrets.count else {
      throw QQConfigurationError(channel: name, setting: "secret", message: "must not be empty")
    }
    guard freshness > .zero else {
      throw QQConfigurationError(channel: name, setting: "freshness", message: "must be longer than zero")
    }
    guard !intents.isEmpty else {
      throw QQConfigurationError(channel: name, setting: "intents", message: "must name at least one")
    }
    guard (1...64).contains(shards) else {
      throw QQConfigurationError(channel: name, setting: "shards", message: "must be from 1 to 64")
    }
    self.name = name
    self.appID = appID
    self.secrets = secrets
    self.apiBase = try Self.absolute(apiBase, setting: "api_base", channel: name)
    self.tokenURL = try Self.absolute(tokenURL, setting: "token_url", channel: name)
    self.freshness = freshness
    self.acceptUnsignedValidation = acceptUnsignedValidation
    self.botUserID = botUserID
    self.intents = QQIntents(intents)
    self.shards = shards
    self.sending = sending
  }

  private static func absolute(_ text: String, setting: String, channel: String) throws(QQConfigurationError) -> String {
    guard let url = URL(string: text), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
      url.host?.isEmpty == false, url.query == nil, url.fragment == nil
    else {
      throw QQConfigurationError(
        channel: channel, setting: setting, message: "must be an http or https URL with a host and without a query")
    }
    var base = text
    while base.hasSuffix("/") { base.removeLast() }
    return base
  }
}

/// Why a channel of kind `qq` cannot be set up.
package struct QQConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let channel: String
  /// The key under `channels:` that is wrong.
  package let setting: String
  /// What is allowed there; never the value.
  package let message: String

  package var description: String { "channel \(channel): \(setting) \(message)" }
}

extension UInt8 {
  var isDecimalDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  var isASCIILetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}

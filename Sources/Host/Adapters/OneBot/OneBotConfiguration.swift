package import AdapterHTTP
package import Core
import Foundation

/// One OneBot v11 channel: the credentials of the implementation on the other side, and where its HTTP API lives.
package struct OneBotConfiguration: Sendable {
  /// The configured channel name.
  package let name: String
  /// HMAC keys of HTTP POST, the newest first; without one only loopback may post.
  package let secrets: [Secret]
  /// Tokens of reverse WebSockets, the newest first, which is also that of the HTTP API; without one only loopback may connect.
  package let accessTokens: [Secret]
  /// The implementation's HTTP API, without trailing slash; nil when only sockets are used.
  package let apiBase: String?
  /// The implementation's WebSocket server; nil when it connects to us or posts.
  package let socketURL: SocketURL?
  /// Whether actions and events have a connection each, at `/api` and `/event` below `socketURL`.
  package let separatesEvents: Bool
  /// Older messages are history that an implementation reports after a login, and are not acted on.
  package let maximumAge: Duration

  /// - Throws: `OneBotConfigurationError` naming the setting when a credential is empty, `apiBase` is not an absolute HTTP URL, `url`
  ///   is no WebSocket URL, or `maximumAge` is not positive.
  package init(
    name: String, secrets: [Secret] = [], accessTokens: [Secret] = [], apiBase: String? = nil,
    url: String? = nil, separatesEvents: Bool = false, maximumAge: Duration = .seconds(120)
  ) throws(OneBotConfigurationError) {
    for (setting, credentials) in [("secret", secrets), ("access_token", accessTokens)]
    where credentials.contains(where: { $0.reveal().isEmpty }) {
      throw OneBotConfigurationError(
        channel: name, setting: setting, message: "must not be empty; leave it out to allow loopback only")
    }
    guard maximumAge > .zero else {
      throw OneBotConfigurationError(channel: name, setting: "maximum_age", message: "must be longer than zero")
    }
    self.name = name
    self.secrets = secrets
    self.accessTokens = accessTokens
    self.maximumAge = maximumAge
    self.separatesEvents = separatesEvents
    socketURL = url.flatMap(SocketURL.init)
    guard url == nil || socketURL != nil else {
      throw OneBotConfigurationError(
        channel: name, setting: "url", message: "must be a ws or wss URL with a host, without user, password and fragment")
    }
    guard let apiBase else {
      self.apiBase = nil
      return
    }
    guard let url = URL(string: apiBase), let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
      url.host?.isEmpty == false, url.query == nil, url.fragment == nil
    else {
      throw OneBotConfigurationError(
        channel: name, setting: "api_base", message: "must be an http or https URL with a host and without a query")
    }
    var base = apiBase
    while base.hasSuffix("/") { base.removeLast() }
    self.apiBase = base
  }
}

/// Why a channel of kind `onebot` cannot be set up.
package struct OneBotConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let channel: String
  /// The key under `channels:` that is wrong.
  package let setting: String
  /// What is allowed there; never the value.
  package let message: String

  package var description: String { "channel \(channel): \(setting) \(message)" }
}

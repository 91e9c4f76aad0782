import AdapterHTTP
import AdapterOneBot
import AdapterPlayground
import AdapterQQ
import AsyncHTTPClient
import Core
import Gateway

/// The configured channels, each with its way in and its way out.
struct ChannelSet {
  private(set) var webhooks: [String: [any WebhookChannel]] = ["/qq/webhook": [], "/onebot/v11": []]
  private(set) var sockets: [String: [any SocketChannel]] = ["/onebot/v11": []]
  /// Channels that open their connections themselves.
  private(set) var connecting: [any ConnectingChannel] = []
  private(set) var deliverers: [String: any Deliverer] = [:]
  private(set) var playground: PlaygroundChannel?

  init(_ channels: [Channel], client: HTTPClient) throws(CommandFailure) {
    for channel in channels {
      do {
        switch channel.kind {
        case .qq(let settings): try add(settings, named: channel.name, client: client)
        case .oneBot(let settings): try add(settings, named: channel.name, client: client)
        case .playground:
          let playground = PlaygroundChannel(name: channel.name)
          self.playground = playground
          deliverers[channel.name] = playground
        }
      } catch {
        throw CommandFailure(.badConfiguration, code: "bad_configuration", "bad configuration: \(error)")
      }
    }
  }

  var table: ChannelTable { ChannelTable(webhooks: webhooks, sockets: sockets) }

  private mutating func add(_ settings: Channel.QQ, named name: String, client: HTTPClient) throws {
    let configuration = try QQConfiguration(
      name: name, appID: settings.appID, secrets: settings.secrets, apiBase: settings.apiBase, tokenURL: settings.tokenURL,
      freshness: settings.freshness, acceptUnsignedValidation: settings.validation == .unsigned)
    webhooks["/qq/webhook", default: []].append(QQChannel(configuration))
    deliverers[name] = QQDeliverer(configuration, client: client)
  }

  private mutating func add(_ settings: Channel.OneBot, named name: String, client: HTTPClient) throws {
    let configuration = try OneBotConfiguration(
      name: name, secrets: settings.secrets, accessTokens: settings.accessTokens, apiBase: settings.apiBase,
      url: settings.url, separatesEvents: settings.sockets == .separate)
    let accounts = OneBotAccounts()
    let channel = OneBotChannel(configuration, accounts: accounts)
    if settings.transports.contains(.http) { webhooks["/onebot/v11", default: []].append(channel) }
    if settings.transports.contains(.reverseWebSocket) { sockets["/onebot/v11", default: []].append(channel) }
    let sockets = settings.transports.contains(.webSocket) ? try SocketClient() : nil
    connecting.append(OneBotConnector(configuration, accounts: accounts, client: sockets))
    deliverers[name] = OneBotDeliverer(configuration, accounts: accounts, client: client)
  }
}

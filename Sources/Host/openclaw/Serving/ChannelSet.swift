import AdapterHTTP
import AdapterOneBot
import AdapterPlayground
import AdapterQQ
import AsyncHTTPClient
import Core
import Gateway
import NIOCore
import Sockets

/// The configured channels, each with its way in and its way out.
struct ChannelSet {
  private(set) var webhooks: [String: [any WebhookChannel]] = ["/qq/webhook": [], "/onebot/v11": []]
  private(set) var sockets: [String: [any SocketChannel]] = ["/onebot/v11": []]
  /// Channels that open their connections themselves.
  private(set) var connecting: [any ConnectingChannel] = []
  private(set) var deliverers: [String: any Deliverer] = [:]
  private(set) var playground: PlaygroundChannel?

  /// - Parameters:
  ///   - memory: where channels note what must survive a restart.
  ///   - status: how a part of a channel, named by the argument, says whether it works.
  init(
    _ channels: [Channel], client: HTTPClient, memory: any ChannelMemory, status: (String) -> ChannelStatus
  ) throws(CommandFailure) {
    for channel in channels {
      do {
        switch channel.kind {
        case .qq(let settings):
          try add(settings, named: channel.name, client: client, memory: memory, status: status("\(channel.name) access token"))
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

  private mutating func add(
    _ settings: Channel.QQ, named name: String, client: HTTPClient, memory: any ChannelMemory, status: ChannelStatus
  ) throws {
    let configuration = try QQConfiguration(
      name: name, appID: settings.appID, secrets: settings.secrets, apiBase: settings.apiBase, tokenURL: settings.tokenURL,
      freshness: settings.freshness, acceptUnsignedValidation: settings.validation == .unsigned, intents: settings.intents,
      shards: settings.shards, sending: settings.sending)
    let bot = QQBot(configuration, client: client, status: status)
    switch settings.transport {
    case .webhook: webhooks["/qq/webhook", default: []].append(QQChannel(configuration))
    case .webSocket:
      var sockets = try SocketClient()
      // The gateway has heartbeats of its own, and may not answer pings.
      sockets.configuration.pingInterval = .hours(1)
      connecting.append(QQGateway(bot, sockets: sockets, memory: memory))
    }
    deliverers[name] = QQDeliverer(bot)
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

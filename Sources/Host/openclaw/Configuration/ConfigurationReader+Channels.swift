import AdapterQQ
import Core

extension ConfigurationReader {
  private enum KindName: String, CaseIterable {
    case qq, onebot, playground
  }

  mutating func readChannels(_ member: YAMLNode.Member) -> [Channel] {
    var channels: [Channel] = []
    for node in elements(of: member) {
      guard let channel = readChannel(node) else { continue }
      if channels.contains(where: { $0.name == channel.name }) {
        report("a second channel is called '\(channel.name)'; names must differ", at: node.place)
      } else if channel.isPlayground, channels.contains(where: \.isPlayground) {
        report("a second playground; there can be one", at: node.place)
      }
      channels.append(channel)
    }
    return channels
  }

  private mutating func readChannel(_ node: YAMLNode) -> Channel? {
    guard case .mapping(let all) = node.content else {
      reject(node, "a channel must be a mapping with 'name' and 'kind', not \(node.typeName)")
      return nil
    }
    // The kind decides which keys there are, so it is read before the others are judged.
    guard let kind: KindName = required("kind", of: all, in: node, .choice()) else { return nil }
    let own =
      switch kind {
      case .qq:
        ["app_id", "secret", "transport", "api_base", "token_url", "validation", "freshness", "intents", "shards", "sending"]
      case .onebot: ["transport", "secret", "access_token", "api_base", "url", "sockets"]
      case .playground: [String]()
      }
    let members = members(of: node, named: "a channel of kind \(kind)", allowed: ["name", "kind"] + own)
    let name = required("name", of: members, in: node, .identifier)
    let channelKind: Channel.Kind =
      switch kind {
      case .qq: .qq(readQQ(members, in: node))
      case .onebot: .oneBot(readOneBot(members, in: node))
      case .playground: .playground
      }
    return name.map { Channel(name: $0, kind: channelKind) }
  }

  private mutating func readQQ(_ members: [YAMLNode.Member], in node: YAMLNode) -> Channel.QQ {
    var channel = Channel.QQ()
    channel.appID = required("app_id", of: members, in: node, .decimalDigits) ?? ""
    if let member = members.first(where: { $0.key == "secret" }) {
      channel.secrets = secrets(member)
    } else {
      report("'secret' is missing here; write secret: { file: <path> } or { env: <NAME> }", at: node.place)
    }
    channel.transport = optional("transport", of: members, .choice()) ?? channel.transport
    channel.apiBase = optional("api_base", of: members, .url("https", "http")) ?? channel.apiBase
    channel.tokenURL = optional("token_url", of: members, .url("https", "http")) ?? channel.tokenURL
    channel.validation = optional("validation", of: members, .choice()) ?? channel.validation
    let allowed = ValueSyntax.duration(in: .seconds(1)...(.seconds(86_400)))
    channel.freshness = optional("freshness", of: members, allowed) ?? channel.freshness
    if let member = members.first(where: { $0.key == "intents" }) { channel.intents = intents(member) }
    channel.shards = optional("shards", of: members, .integer(in: 1...64)) ?? channel.shards
    if let member = members.first(where: { $0.key == "sending" }) { channel.sending = sending(member.value) }
    return channel
  }

  private mutating func sending(_ node: YAMLNode) -> QQSendingLimits {
    let numbers: [(key: String, path: WritableKeyPath<QQSendingLimits, Int>, most: Int)] = [
      ("per_second", \.perSecond, 10_000), ("chat_per_second", \.chatPerSecond, 1_000),
      ("unasked_per_minute", \.unaskedPerMinute, 10_000), ("private_replies", \.privateReplies, 100),
      ("group_replies", \.groupReplies, 100),
    ]
    let windows: [(key: String, path: WritableKeyPath<QQSendingLimits, Duration>)] = [
      ("private_window", \.privateWindow), ("group_window", \.groupWindow),
    ]
    let members = members(of: node, named: "'sending'", allowed: numbers.map(\.key) + windows.map(\.key))
    var limits = QQSendingLimits()
    for (key, path, most) in numbers {
      limits[keyPath: path] = optional(key, of: members, .integer(in: 1...most)) ?? limits[keyPath: path]
    }
    for (key, path) in windows {
      let allowed = ValueSyntax.duration(in: .seconds(30)...(.seconds(86_400)))
      limits[keyPath: path] = optional(key, of: members, allowed) ?? limits[keyPath: path]
    }
    return limits
  }

  private mutating func intents(_ member: YAMLNode.Member) -> [QQIntent] {
    let nodes = elements(of: member)
    if nodes.isEmpty { report("'intents' must name at least one", at: member.value.place) }
    var intents: [QQIntent] = []
    for node in nodes {
      guard let intent: QQIntent = value(node, named: "intents", .choice()) else { continue }
      if intents.contains(intent) { report("'intents' names \(intent.rawValue) twice", at: node.place) }
      intents.append(intent)
    }
    return intents
  }

  private mutating func readOneBot(_ members: [YAMLNode.Member], in node: YAMLNode) -> Channel.OneBot {
    var channel = Channel.OneBot()
    if let member = members.first(where: { $0.key == "transport" }) { channel.transports = transports(member) }
    if let member = members.first(where: { $0.key == "secret" }) { channel.secrets = secrets(member) }
    if let member = members.first(where: { $0.key == "access_token" }) { channel.accessTokens = secrets(member) }
    channel.apiBase = optional("api_base", of: members, .url("http", "https"))
    channel.url = optional("url", of: members, .url("ws", "wss"))
    channel.sockets = optional("sockets", of: members, .choice()) ?? channel.sockets

    let connects = channel.transports.contains(.webSocket)
    if connects, !members.contains(where: { $0.key == "url" }) {
      report("'url' is missing here: with transport websocket, that is where to connect to", at: node.place)
    }
    for member in members where ["url", "sockets"].contains(member.key) && !connects {
      report("'\(member.key)' is for transport websocket, which is not set here", at: member.value.place)
    }
    if channel.transports == [.http], !members.contains(where: { $0.key == "api_base" }) {
      report("'api_base' is missing here: with transport http alone, replies go to it", at: node.place)
    }
    return channel
  }

  /// One transport or a list of them.
  private mutating func transports(_ member: YAMLNode.Member) -> [Channel.OneBot.Transport] {
    var nodes = [member.value]
    if case .list(let elements) = member.value.content { nodes = elements }
    if nodes.isEmpty { report("'transport' must name at least one", at: member.value.place) }
    var transports: [Channel.OneBot.Transport] = []
    for node in nodes {
      guard let transport: Channel.OneBot.Transport = value(node, named: "transport", .choice()) else { continue }
      if transports.contains(transport) { report("'transport' names \(transport.rawValue) twice", at: node.place) }
      transports.append(transport)
    }
    return transports
  }
}

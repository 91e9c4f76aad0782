import AdapterQQ
import Agent
import Core
import Foundation
import Gateway
import Storage
import Testing

@testable import openclaw

/// Loads `text` as `openclaw.yaml` of a folder of its own.
private func load(_ text: String, environment: [String: String] = [:]) throws -> Configuration {
  let folder = try ScratchFolder()
  try folder.write(text, to: "openclaw.yaml")
  return try ConfigurationLoader(environment: environment, workingDirectory: folder.path).load()
}

/// What loading `text` complains about.
private func problems(_ text: String, environment: [String: String] = [:]) throws -> [String] {
  do {
    _ = try load(text, environment: environment)
    return []
  } catch let error as ConfigurationError {
    return error.problems.map(\.description)
  }
}

@Suite struct ConfigurationFileTests {
  @Test("Every key of the file reaches the configuration")
  func everyKey() throws {
    let configuration = try load(
      """
      server:
        host: 0.0.0.0
        port: 9000
        log_tool_calls: true
        tls_cert: tls/chain.pem
        tls_key: /etc/tls/key.pem
        trusted_proxies: [127.0.0.1, 10.0.0.0/8, "::1"]
      data: state
      store: "sqlite:db/claw.db"
      plugins: /opt/skills
      policies: ./rules
      channels:
        - name: main
          kind: qq
          app_id: 0102000000
          secret: [{ env: NEW_SECRET }, { env: OLD_SECRET }]
          transport: webhook
          api_base: http://127.0.0.1:1/
          token_url: http://127.0.0.1:1/token
          validation: unsigned
          freshness: 2m
          sending: { per_second: 50, group_replies: 4, private_window: 5m }
        - name: napcat
          kind: onebot
          transport: [http, reverse-websocket]
          secret: { env: NEW_SECRET }
          access_token: { env: OLD_SECRET }
          api_base: http://127.0.0.1:3000
        - { name: play, kind: playground }
      chats:
        - { match: "group:20002", respond: all }
        - { match: "*", respond: prefix, prefix: "!" }
      model: { base_url: "https://example.com/v1", api_key: { env: NEW_SECRET }, model: small, fallback: [tiny, "0123"] }
      limits:
        sender: { per_minute: 1, burst: 2 }
        group: { per_minute: 3, burst: 4 }
        channel: { per_minute: 7, burst: 8 }
        address: { per_minute: 9, burst: 10 }
        connections_per_address: 11
        queue: 5
        events_in_flight: 6
      raw_events: { keep: none, days: 3 }
      trusted_skills: [\(String(repeating: "0a", count: 32))]
      """, environment: ["NEW_SECRET": "new", "OLD_SECRET": "old"])

    #expect(configuration.server.host == "0.0.0.0")
    #expect(configuration.server.port == 9000)
    #expect(configuration.server.logToolCalls)
    let folder = FilePlace.folder(of: try #require(configuration.file))
    #expect(configuration.data == folder + "/state")
    #expect(configuration.storePlace == .sqlite(path: folder + "/db/claw.db"))
    #expect(configuration.plugins == "/opt/skills")
    #expect(configuration.policies == folder + "/rules")

    #expect(configuration.channels.map(\.name) == ["main", "napcat", "play"])
    guard case .qq(let qq) = configuration.channels[0].kind, case .oneBot(let oneBot) = configuration.channels[1].kind else {
      Issue.record("the kinds are \(configuration.channels.map(\.kindName))")
      return
    }
    #expect(qq.appID == "0102000000")
    #expect(qq.secrets.map { $0.reveal() } == ["new", "old"])
    #expect(qq.transport == .webhook)
    #expect(qq.apiBase == "http://127.0.0.1:1")
    #expect(qq.tokenURL == "http://127.0.0.1:1/token")
    #expect(qq.validation == .unsigned)
    #expect(qq.freshness == .seconds(120))
    #expect(qq.sending.perSecond == 50)
    #expect(qq.sending.groupReplies == 4)
    #expect(qq.sending.privateWindow == .seconds(300))
    #expect(qq.sending.chatPerSecond == 5)
    #expect(oneBot.transports == [.http, .reverseWebSocket])
    #expect(oneBot.secrets.map { $0.reveal() } == ["new"])
    #expect(oneBot.accessTokens.map { $0.reveal() } == ["old"])
    #expect(oneBot.apiBase == "http://127.0.0.1:3000")
    #expect(configuration.channels[2].isPlayground)

    #expect(configuration.chats.rules.map(\.match) == ["group:20002", "*"])
    #expect(configuration.chats.rules.map(\.prefix) == ["/", "!"])
    #expect(configuration.model.baseURL == "https://example.com/v1")
    #expect(configuration.model.apiKeys.map { $0.reveal() } == ["new"])
    #expect(configuration.model.model == "small")
    #expect(configuration.model.fallback == ["tiny", "0123"])
    #expect(configuration.limits.sender == Configuration.Limits.Rate(perMinute: 1, burst: 2))
    #expect(configuration.limits.group == Configuration.Limits.Rate(perMinute: 3, burst: 4))
    #expect(configuration.limits.channel == Configuration.Limits.Rate(perMinute: 7, burst: 8))
    #expect(configuration.limits.address == Configuration.Limits.Rate(perMinute: 9, burst: 10))
    #expect(configuration.limits.connectionsPerAddress == 11)
    #expect(configuration.server.tlsCertificate?.hasSuffix("/tls/chain.pem") == true)
    #expect(configuration.server.tlsKey == "/etc/tls/key.pem")
    #expect(configuration.server.trustedProxies.map(\.description) == ["127.0.0.1", "10.0.0.0/8", "::1"])
    #expect(configuration.rawEvents == Configuration.RawEvents(keep: .none, days: 3))
    #expect(configuration.limits.queue == 5)
    #expect(configuration.limits.eventsInFlight == 6)
    #expect(configuration.trustedSkills == [String(repeating: "0a", count: 32)])
  }

  @Test("Without a file there is the playground, on this machine only")
  func noFile() throws {
    let configuration = try ConfigurationLoader(environment: [:], workingDirectory: "/nowhere/at/all").load()
    #expect(configuration.channels.map(\.name) == ["playground"])
    #expect(configuration.server.isLoopbackOnly)
    #expect(configuration.file == nil)
    #expect(configuration.storePlace == .sqlite(path: "/nowhere/at/all/data/openclaw.db"))
    #expect(configuration.limits == Configuration.Limits())
  }

  @Test("A file that names no playground has none", arguments: ["", "# nothing\n", "server: { port: 1 }", "channels: []"])
  func noPlayground(text: String) throws {
    #expect(try load(text).channels.isEmpty)
  }

  @Test("The example file is accepted as it is, and with everything in it switched on")
  func example() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("openclaw.example.yaml"), encoding: .utf8)
    #expect(try load(text).channels.map(\.name) == ["playground"])

    let folder = try ScratchFolder()
    try FileManager.default.createDirectory(atPath: folder.path + "/secrets", withIntermediateDirectories: true)
    try folder.write("s\n", to: "secrets/qq")
    try folder.write("w\n", to: "secrets/weather")
    let head = try #require(text.range(of: "\nchannels:"))
    let active = text[head.lowerBound...].split(separator: "\n").map { line in
      for (comment, replacement) in [
        ("  # - ", "  - "), ("  #   ", "    "), ("# model:", "model:"), ("#   ", "  "),
        ("  # secrets:", "  secrets:"), ("  # allow_private:", "  allow_private:"),
      ]
      where line.hasPrefix(comment) { return replacement + line.dropFirst(comment.count) }
      return String(line)
    }
    try folder.write(active.joined(separator: "\n"), to: "openclaw.yaml")
    let environment = ["ONEBOT_SECRET": "a", "ONEBOT_TOKEN": "b", "MODEL_KEY": "c"]
    let configuration = try ConfigurationLoader(environment: environment, workingDirectory: folder.path).load()
    #expect(configuration.channels.map(\.kindName) == ["playground", "qq", "onebot", "onebot"])
    #expect(configuration.model.model == "name-of-a-model")
    #expect(configuration.skills.privateHosts.count == 1)
  }

  @Test(
    "A mistake is reported with its place and what is allowed",
    arguments: [
      ("server: { prot: 1 }", "openclaw.yaml:1:11: 'server' has no key 'prot'; did you mean 'port'?"),
      ("sever: {}", "openclaw.yaml:1:1: the file has no key 'sever'; did you mean 'server'?"),
      ("data: d\nserver: 5", "openclaw.yaml:2:9: 'server' must be a mapping of keys to values, not a single value"),
      ("server: { port: 65536 }", "openclaw.yaml:1:17: 'port' must be a whole number from 0 to 65535"),
      ("server: { port: -1 }", "openclaw.yaml:1:17: 'port' must be a whole number from 0 to 65535"),
      ("server: { port: 0x50 }", "openclaw.yaml:1:17: 'port' must be a whole number from 0 to 65535"),
      ("server: { port: 99999999999999999999 }", "openclaw.yaml:1:17: 'port' must be a whole number from 0 to 65535"),
      ("server: { port: '80' }", "openclaw.yaml:1:17: 'port' must be written without quotes"),
      ("server: { log_tool_calls: yes }", "openclaw.yaml:1:27: 'log_tool_calls' must be true or false"),
      (
        "server: { host: \"http://x\" }",
        "openclaw.yaml:1:17: 'host' must be a host name or an IP address alone, such as 127.0.0.1, 0.0.0.0 or ::1"
      ),
      ("data:", "openclaw.yaml:1:6: 'data' must be a single value, not nothing"),
      ("data: ''", "openclaw.yaml:1:7: 'data' must not be empty"),
      ("data: [a]", "openclaw.yaml:1:7: 'data' must be a single value, not a list"),
      (
        "store: postgres://u:geheim@x@h/d",
        """
        openclaw.yaml:1:8: 'store' is no usable address: the address of the PostgreSQL store cannot be read; write \
        postgres://user:password@host:port/database, with special characters percent-encoded
        """
      ),
      ("store: mysql", "openclaw.yaml:1:8: 'store' must be sqlite, sqlite:<path> or postgres://…"),
      ("channels: {}", "openclaw.yaml:1:11: 'channels' must be a list, not a mapping"),
      ("channels: [x]", "openclaw.yaml:1:12: a channel must be a mapping with 'name' and 'kind', not a single value"),
      ("channels: [{ name: x }]", "openclaw.yaml:1:12: 'kind' is missing here"),
      ("channels: [{ kind: playground }]", "openclaw.yaml:1:12: 'name' is missing here"),
      (
        "channels: [{ kind: playgroud, name: x }]",
        "openclaw.yaml:1:20: 'kind' must be one of qq, onebot, playground; did you mean 'playground'?"
      ),
      (
        "channels: [{ kind: playground, name: 'a b' }]", "openclaw.yaml:1:38: 'name' must be 1 to 64 letters, digits, '-' or '_'"
      ),
      (
        "channels: [{ kind: playground, name: x, app_id: 1 }]",
        "openclaw.yaml:1:41: a channel of kind playground has no key 'app_id'; its keys are name, kind"
      ),
      (
        "channels: [{ kind: playground, name: x }, { kind: onebot, name: x }]",
        "openclaw.yaml:1:43: a second channel is called 'x'; names must differ"
      ),
      (
        "channels: [{ kind: playground, name: x }, { kind: playground, name: y }]",
        "openclaw.yaml:1:43: a second playground; there can be one"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1 }]",
        "openclaw.yaml:1:12: 'secret' is missing here; write secret: { file: <path> } or { env: <NAME> }"
      ),
      (
        "channels: [{ kind: qq, name: x, secret: { env: S } }]", "openclaw.yaml:1:12: 'app_id' is missing here"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, freshness: 300 }]",
        "openclaw.yaml:1:75: 'freshness' must be a number with its unit, such as 300s, 5m or 1h"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, freshness: 0s }]",
        "openclaw.yaml:1:75: 'freshness' must be from 1s to 86400s"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, transport: webhok }]",
        "openclaw.yaml:1:75: 'transport' must be one of webhook, websocket; did you mean 'webhook'?"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, intents: [guild] }]",
        "openclaw.yaml:1:74: 'intents' must be one of guilds, "
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, intents: [] }]",
        "openclaw.yaml:1:73: 'intents' must name at least one"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, shards: 65 }]",
        "openclaw.yaml:1:72: 'shards' must be a whole number from 1 to 64"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, sending: { group_replies: 0 } }]",
        "openclaw.yaml:1:90: 'group_replies' must be a whole number from 1 to 100"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: 1, secret: { env: S }, api_base: 'https://u:p@h' }]",
        "openclaw.yaml:1:74: 'api_base' must not hold a user or password; secrets come from a file or the environment"
      ),
      (
        "channels: [{ kind: qq, name: x, app_id: bot, secret: { env: S } }]",
        "openclaw.yaml:1:41: 'app_id' must be 1 to 20 decimal digits"
      ),
      (
        "channels: [{ kind: onebot, name: x, transport: http }]",
        "openclaw.yaml:1:12: 'api_base' is missing here: with transport http alone, replies go to it"
      ),
      (
        "channels: [{ kind: onebot, name: x, transport: [reverse-websocket, reverse-websocket] }]",
        "openclaw.yaml:1:68: 'transport' names reverse-websocket twice"
      ),
      ("channels: [{ kind: onebot, name: x, transport: [] }]", "openclaw.yaml:1:48: 'transport' must name at least one"),
      (
        "chats: [{ match: 'groups:*', respond: all }]",
        "openclaw.yaml:1:18: 'match' must be '*', or group, private, guild, guild-private followed by ':*' or ':<id>'"
      ),
      ("chats: [{ match: 'group:1*', respond: all }]", "openclaw.yaml:1:18: 'match' may have '*' only in place of the whole id"),
      ("chats: [{ match: '*' }]", "openclaw.yaml:1:9: 'respond' is missing here"),
      (
        "chats: [{ match: '*', respond: all, prefix: ' ' }]",
        "openclaw.yaml:1:45: 'prefix' must be 1 to 16 characters without white space"
      ),
      (
        "server: { trusted_proxies: [10.1.0.0/8] }",
        "openclaw.yaml:1:29: 'trusted_proxies' must be an IP address such as 127.0.0.1, or a range such as 10.0.0.0/8"
      ),
      ("server: { trusted_proxies: 127.0.0.1 }", "openclaw.yaml:1:28: 'trusted_proxies' must be a list, not a single value"),
      ("server: { tls_cert: c.pem }", "openclaw.yaml: 'server' needs both 'tls_cert' and 'tls_key', or none of them"),
      ("raw_events: { keep: some }", "openclaw.yaml:1:21: 'keep' must be one of unknown, all, none"),
      ("raw_events: { days: 0 }", "openclaw.yaml:1:21: 'days' must be a whole number from 1 to 3650"),
      ("limits: { sender: { burst: 0 } }", "openclaw.yaml:1:28: 'burst' must be a whole number from 1 to 1000000"),
      ("limits: { group: { bursts: 1 } }", "openclaw.yaml:1:20: 'limits.group' has no key 'bursts'; did you mean 'burst'?"),
      (
        "trusted_skills: [ABC]",
        "openclaw.yaml:1:18: 'trusted_skills' must be 64 lower-case hexadecimal digits, as sha256sum prints them"
      ),
      ("model: { model: x }", "openclaw.yaml: 'model' needs 'base_url'"),
      ("model: { base_url: 'https://h' }", "openclaw.yaml: 'model' needs 'model', the name of a model"),
      ("data: a\ndata: b", "openclaw.yaml:1:1: 'data' given twice in the same mapping; keep one"),
      ("data: &a x", "openclaw.yaml:1:7: anchors and aliases (&a) are not allowed; write the value out"),
      ("data: !!str x", "openclaw.yaml:1:7: tags (!…) are not allowed; write the value alone"),
      ("server: !x {}", "openclaw.yaml:1:9: tags (!…) are not allowed; write the value alone"),
      ("? [a]\n: b", "openclaw.yaml:1:3: a key must be plain text"),
      ("<<: {}", "openclaw.yaml:1:1: the file has no key '<<'; its keys are"),
      ("a: b\n  c: d", "openclaw.yaml:2:4: not valid YAML"),
      ("data: a\n---\ndata: b", "openclaw.yaml:2:1: not valid YAML"),
      ("data: *a", "openclaw.yaml:1:7: not valid YAML"),
      ("- data", "openclaw.yaml:1:1: the file must be a mapping of keys to values, not a list"),
    ])
  func mistake(text: String, expected: String) throws {
    let found = try problems(text, environment: ["S": "s"])
    #expect(found.count == 1, "\(found)")
    #expect(found.first?.hasPrefix(expected) == true, "\(found)")
  }

  @Test("A store in PostgreSQL is shown without its password")
  func postgres() throws {
    let configuration = try load("store: postgres://bot:geheim@db.example/robot?sslmode=require")
    #expect(try configuration.store == .postgres(PostgresAddress("postgres://bot:geheim@db.example/robot?sslmode=require")))
    for text in [configuration.overview, configuration.summary.canonical] {
      #expect(text.contains("postgres://bot@db.example/robot"))
      #expect(!text.contains("geheim"))
    }
  }

  @Test("All mistakes of a file are reported at once, in its order")
  func allAtOnce() throws {
    let found = try problems(
      """
      store: oracle
      plugins: &p Plugins
      policies: *p
      channels:
        - { name: a, kind: playground, x: 1 }
        - { kind: qq }
      server: { port: x }
      """)
    let lines = found.map { $0.split(separator: ":")[1] }
    #expect(lines == ["1", "2", "5", "6", "6", "6", "7"], "\(found)")
  }

  @Test("A file that is too large, not UTF-8 or a folder is refused")
  func unreadable() throws {
    let folder = try ScratchFolder()
    try folder.write(String(repeating: "#", count: ConfigurationLoader.maximumFileBytes + 1), to: "large.yaml")
    try Data([0x61, 0xff]).write(to: URL(fileURLWithPath: folder.path + "/bytes.yaml"))
    let loader = ConfigurationLoader(environment: [:], workingDirectory: folder.path)
    for file in ["large.yaml", "bytes.yaml", ".", "missing.yaml"] {
      #expect(throws: ConfigurationError.self, "\(file)") { try loader.load(file: file) }
    }
  }
}

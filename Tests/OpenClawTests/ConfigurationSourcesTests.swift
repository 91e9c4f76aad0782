import Agent
import Approvals
import Core
import Foundation
import Gateway
import Skills
import Storage
import Testing

@testable import openclaw

@Suite struct ConfigurationSourcesTests {
  private static let values: [(path: String, text: String)] = [
    ("server.host", "::1"), ("server.port", "0"), ("server.log_tool_calls", "true"), ("server.tls_cert", "c.pem"),
    ("server.tls_key", "k.pem"), ("data", "d"), ("store", "sqlite:s.db"), ("plugins", "p"), ("policies", "r"),
    ("skills.require_signature", "always"),
    ("model.base_url", "http://127.0.0.1/v1"), ("model.model", "m"),
    ("limits.sender.per_minute", "1"), ("limits.sender.burst", "2"), ("limits.group.per_minute", "3"),
    ("limits.group.burst", "4"), ("limits.channel.per_minute", "7"), ("limits.channel.burst", "8"),
    ("limits.address.per_minute", "9"), ("limits.address.burst", "10"), ("limits.connections_per_address", "11"),
    ("limits.queue", "5"), ("limits.queue_per_chat", "13"), ("limits.events_in_flight", "6"), ("limits.writes_in_flight", "14"),
    ("limits.calls_per_tool", "15"), ("limits.duplicate_window", "7s"),
    ("approvals.ops_chats", "playground/playground/group:demo, playground/playground/private:a/b:c"),
    ("approvals.pending_per_requester", "16"), ("approvals.pending_per_skill", "17"), ("approvals.pending_per_chat", "18"),
    ("instances.lease", "15s"),
    ("retention.bodies_days", "13"), ("retention.ids_days", "14"), ("retention.heads_days", "31"),
    ("raw_events.keep", "all"), ("raw_events.days", "12"),
  ]

  @Test("Every key with a single value can be set in the environment, under its own name")
  func environmentNames() throws {
    #expect(Self.values.map(\.path) == Setting.all.map(\.path))
    var environment: [String: String] = [:]
    for (path, text) in Self.values {
      environment["OPENCLAW_" + path.uppercased().replacing(".", with: "_")] = text
    }
    let configuration = try ConfigurationLoader(environment: environment, workingDirectory: "/w").load()
    #expect(
      configuration.server
        == Configuration.Server(
          host: "::1", port: 0, logToolCalls: true, tlsCertificate: "/w/c.pem", tlsKey: "/w/k.pem"))
    #expect(configuration.data == "/w/d")
    #expect(configuration.storePlace == .sqlite(path: "/w/s.db"))
    #expect(configuration.plugins == "/w/p")
    #expect(configuration.policies == "/w/r")
    #expect(configuration.skills.requireSignature == .always)
    #expect(configuration.model.baseURL == "http://127.0.0.1/v1")
    #expect(configuration.model.model == "m")
    #expect(configuration.limits.sender == Configuration.Limits.Rate(perMinute: 1, burst: 2))
    #expect(configuration.limits.group == Configuration.Limits.Rate(perMinute: 3, burst: 4))
    #expect(configuration.limits.channel == Configuration.Limits.Rate(perMinute: 7, burst: 8))
    #expect(configuration.limits.address == Configuration.Limits.Rate(perMinute: 9, burst: 10))
    #expect(configuration.limits.connectionsPerAddress == 11)
    #expect(configuration.rawEvents == Configuration.RawEvents(keep: .all, days: 12))
    #expect(configuration.instances.lease == .seconds(15))
    #expect(configuration.retention == Configuration.Retention(bodiesDays: 13, idsDays: 14, headsDays: 31))
    #expect(configuration.limits.queue == 5)
    #expect(configuration.limits.queuePerChat == 13)
    #expect(configuration.limits.eventsInFlight == 6)
    #expect(configuration.limits.writesInFlight == 14)
    #expect(configuration.limits.callsPerTool == 15)
    #expect(configuration.limits.duplicateWindow == .seconds(7))
    var approvals = ApprovalSettings()
    approvals.opsChats = [Scene(.group, "demo"), Scene(.private, "a/b:c")].map {
      Conversation(channel: "playground", account: "playground", scene: $0)
    }
    (approvals.pendingPerRequester, approvals.pendingPerSkill, approvals.pendingPerChat) = (16, 17, 18)
    #expect(configuration.approvals == approvals)
  }

  @Test(
    "An ops chat must be named in full, on a channel that there is",
    arguments: [
      ("group:demo", "must name chats as channel/account/kind:id"), ("playground/x/crowd:1", "must name chats as"),
      ("playground/x/group:", "must name chats as"), (" ", "must name"), ("plaground/x/group:1", "did you mean 'playground'?"),
    ])
  func opsChats(text: String, complaint: String) {
    let loader = ConfigurationLoader(environment: ["OPENCLAW_APPROVALS_OPS_CHATS": text], workingDirectory: "/w")
    let error = #expect(throws: ConfigurationError.self) { try loader.load() }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }

  @Test("A flag wins over the environment, which wins over the file, which wins over the default")
  func precedence() throws {
    let folder = try ScratchFolder()
    let port = ConfigurationLoader.Flag(path: "server.port", text: "4", name: "--port")
    func loadedPort(_ environment: [String: String], _ flags: [ConfigurationLoader.Flag]) throws -> Int {
      try ConfigurationLoader(environment: environment, workingDirectory: folder.path).load(flags: flags).server.port
    }
    #expect(try loadedPort([:], []) == 8080)
    try folder.write("server: { port: 2 }", to: "openclaw.yaml")
    #expect(try loadedPort([:], []) == 2)
    #expect(try loadedPort(["OPENCLAW_SERVER_PORT": "3"], []) == 3)
    #expect(try loadedPort(["OPENCLAW_SERVER_PORT": "3"], [port]) == 4)
  }

  @Test("--config wins over OPENCLAW_CONFIG, which wins over openclaw.yaml; a named file must exist")
  func whichFile() throws {
    let folder = try ScratchFolder()
    try folder.write("server: { port: 1 }", to: "openclaw.yaml")
    try folder.write("server: { port: 2 }", to: "variable.yaml")
    try folder.write("server: { port: 3 }", to: "flag.yaml")
    let plain = ConfigurationLoader(environment: [:], workingDirectory: folder.path)
    let named = ConfigurationLoader(environment: ["OPENCLAW_CONFIG": "variable.yaml"], workingDirectory: folder.path)
    #expect(try plain.load().server.port == 1)
    #expect(try named.load().server.port == 2)
    #expect(try named.load(file: folder.path + "/flag.yaml").server.port == 3)
    #expect(
      throws: ConfigurationError("the configuration file cannot be read: No such file or directory", at: "gone.yaml")
    ) {
      try plain.load(file: "gone.yaml")
    }
    #expect(throws: ConfigurationError.self) {
      try ConfigurationLoader(environment: ["OPENCLAW_CONFIG": ""], workingDirectory: folder.path).load()
    }
  }

  @Test("Relative paths belong to the folder of the file, wherever the service was started")
  func relativePaths() throws {
    let folder = try ScratchFolder()
    let file = try folder.write("plugins: skills", to: "openclaw.yaml")
    let configuration = try ConfigurationLoader(environment: ["OPENCLAW_DATA": "d"], workingDirectory: "/").load(file: file)
    #expect(configuration.plugins == folder.path + "/skills")
    #expect(configuration.data == folder.path + "/d")
    #expect(configuration.storePlace == .sqlite(path: folder.path + "/d/openclaw.db"))
  }

  @Test(
    "An unknown or wrong variable is an error that helps",
    arguments: [
      ("OPENCLAW_SERVER_PROT", "1", "there is no such setting; did you mean OPENCLAW_SERVER_PORT?"),
      ("OPENCLAW_PORT", "1", "there is no such setting; did you mean OPENCLAW_SERVER_PORT?"),
      ("OPENCLAW_CONFG", "1", "there is no such setting; did you mean OPENCLAW_CONFIG?"),
      ("OPENCLAW_XYZZYX", "1", "there is no such setting; unset it, or use one of OPENCLAW_SERVER_HOST, "),
      ("OPENCLAW_CHANNELS", "[]", "there is no such setting; unset it, or use one of"),
      ("OPENCLAW_SERVER_PORT", "", "the value must be a whole number from 0 to 65535"),
      ("OPENCLAW_DATA", "", "the value must not be empty"),
      ("OPENCLAW_SERVER_LOG_TOOL_CALLS", "1", "the value must be true or false"),
    ])
  func wrongVariable(name: String, value: String, expected: String) throws {
    let error = try #require(throws: ConfigurationError.self) {
      try ConfigurationLoader(environment: [name: value], workingDirectory: "/nowhere").load()
    }
    #expect(error.problems.count == 1)
    #expect(error.description.hasPrefix("environment variable \(name): \(expected)"), "\(error)")
  }

  @Test("A variable that holds a secret may be called OPENCLAW_…")
  func secretVariable() throws {
    let folder = try ScratchFolder()
    try folder.write(
      "channels: [{ name: q, kind: qq, app_id: 1, secret: { env: OPENCLAW_QQ_SECRET } }]", to: "openclaw.yaml")
    let environment = ["OPENCLAW_QQ_SECRET": "s"]
    #expect(try ConfigurationLoader(environment: environment, workingDirectory: folder.path).load().channels.count == 1)
  }

  @Test("A OneBot channel without a secret is refused when the network can reach it, and fine on this machine")
  func openDoors() throws {
    let folder = try ScratchFolder()
    try folder.write(
      "channels: [{ name: n, kind: onebot, transport: [http, reverse-websocket], api_base: 'http://127.0.0.1' }]",
      to: "openclaw.yaml")
    let loader = ConfigurationLoader(environment: [:], workingDirectory: folder.path)
    #expect(try loader.load().channels.count == 1)
    for host in ["0.0.0.0", "::", "127.example.com"] {
      let error = try #require(throws: ConfigurationError.self) {
        try loader.load(flags: [ConfigurationLoader.Flag(path: "server.host", text: host, name: "--host")])
      }
      #expect(error.problems.count == 2)
      #expect(error.description.contains("channel 'n': transport http needs 'secret', because server.host \(host) is open"))
    }
  }

  @Test("The first chat rule that matches decides; without one, groups wait for a mention and private chats do not")
  func chatRules() {
    let all = ChatRules.Rule(match: "group:1", respond: .all)
    let prefixed = ChatRules.Rule(match: "group:*", respond: .prefix, prefix: "!")
    let rules = ChatRules(rules: [all, prefixed])
    #expect(rules.rule(for: Scene(.group, "1")) == all)
    #expect(rules.rule(for: Scene(.group, "12")) == prefixed)
    #expect(rules.rule(for: Scene(.guild, "1")).respond == .mention)
    #expect(rules.rule(for: Scene(.private, "1")).respond == .all)
    #expect(ChatRules().rule(for: Scene(.group, "1")).respond == .mention)
    #expect(ChatRules(rules: [ChatRules.Rule(match: "*", respond: .all)]).rule(for: Scene(.guild, "1")).respond == .all)
  }
}

import Approvals
import Core
import Gateway

/// One key that holds a single value: how the file, the environment and the flags name it, and what it changes.
///
/// The table is the only place where such a key is declared.
struct Setting: Sendable {
  /// `limits.sender.burst`
  let path: String
  /// Whether quotes around the value in the file are allowed.
  let isText: Bool
  /// Reads the text of a value into the configuration.
  let apply: @Sendable (_ text: String, inout Configuration) throws(InvalidValue) -> Void

  private init<Value>(
    _ path: String, _ syntax: ValueSyntax<Value>, _ store: @escaping @Sendable (inout Configuration, Value) -> Void
  ) {
    self.path = path
    isText = syntax.isText
    apply = { text, configuration throws(InvalidValue) in
      store(&configuration, try syntax.parse(text))
    }
  }

  /// `OPENCLAW_LIMITS_SENDER_BURST`
  var environmentName: String {
    "OPENCLAW_" + path.uppercased().replacing(".", with: "_")
  }

  /// The last part of the path.
  var key: String {
    path.split(separator: ".").last.map(String.init) ?? path
  }

  static func named(_ path: String) -> Setting? {
    all.first { $0.path == path }
  }

  static let all: [Setting] = [
    Setting("server.host", .host) { $0.server.host = $1 },
    Setting("server.port", .integer(in: 0...65535)) { $0.server.port = $1 },
    Setting("server.log_tool_calls", .boolean) { $0.server.logToolCalls = $1 },
    Setting("server.tls_cert", .path) { $0.server.tlsCertificate = $1 },
    Setting("server.tls_key", .path) { $0.server.tlsKey = $1 },
    Setting("data", .path) { $0.data = $1 },
    Setting("store", .store) { $0.store = $1 },
    Setting("plugins", .path) { $0.plugins = $1 },
    Setting("policies", .path) { $0.policies = $1 },
    Setting("skills.require_signature", .choice()) { $0.skills.requireSignature = $1 },
    Setting("model.base_url", .url("https", "http")) { $0.model.baseURL = $1 },
    Setting("model.model", .text) { $0.model.model = $1 },
    Setting("limits.sender.per_minute", .integer(in: 1...1_000_000)) { $0.limits.sender.perMinute = $1 },
    Setting("limits.sender.burst", .integer(in: 1...1_000_000)) { $0.limits.sender.burst = $1 },
    Setting("limits.group.per_minute", .integer(in: 1...1_000_000)) { $0.limits.group.perMinute = $1 },
    Setting("limits.group.burst", .integer(in: 1...1_000_000)) { $0.limits.group.burst = $1 },
    Setting("limits.channel.per_minute", .integer(in: 1...1_000_000)) { $0.limits.channel.perMinute = $1 },
    Setting("limits.channel.burst", .integer(in: 1...1_000_000)) { $0.limits.channel.burst = $1 },
    Setting("limits.address.per_minute", .integer(in: 1...1_000_000)) { $0.limits.address.perMinute = $1 },
    Setting("limits.address.burst", .integer(in: 1...1_000_000)) { $0.limits.address.burst = $1 },
    Setting("limits.connections_per_address", .integer(in: 1...65_535)) { $0.limits.connectionsPerAddress = $1 },
    Setting("limits.queue", .integer(in: 1...10_000_000)) { $0.limits.queue = $1 },
    Setting("limits.queue_per_chat", .integer(in: 1...10_000_000)) { $0.limits.queuePerChat = $1 },
    Setting("limits.events_in_flight", .integer(in: 1...1024)) { $0.limits.eventsInFlight = $1 },
    Setting("limits.writes_in_flight", .integer(in: 1...1024)) { $0.limits.writesInFlight = $1 },
    Setting("limits.calls_per_tool", .integer(in: 1...1024)) { $0.limits.callsPerTool = $1 },
    Setting("limits.duplicate_window", .duration(in: .zero...(.seconds(3600)))) { $0.limits.duplicateWindow = $1 },
    Setting("approvals.ops_chats", .conversations) { $0.approvals.opsChats = $1 },
    Setting("approvals.pending_per_requester", .integer(in: 1...1000)) { $0.approvals.pendingPerRequester = $1 },
    Setting("approvals.pending_per_skill", .integer(in: 1...1000)) { $0.approvals.pendingPerSkill = $1 },
    Setting("approvals.pending_per_chat", .integer(in: 1...1000)) { $0.approvals.pendingPerChat = $1 },
    Setting("instances.lease", .duration(in: .seconds(2)...(.seconds(300)))) { $0.instances.lease = $1 },
    Setting("retention.bodies_days", .integer(in: 1...3650)) { $0.retention.bodiesDays = $1 },
    Setting("retention.ids_days", .integer(in: 7...36_500)) { $0.retention.idsDays = $1 },
    Setting("retention.heads_days", .integer(in: 30...36_500)) { $0.retention.headsDays = $1 },
    Setting("raw_events.keep", .choice()) { $0.rawEvents.keep = $1 },
    Setting("raw_events.days", .integer(in: 1...3650)) { $0.rawEvents.days = $1 },
  ]
}

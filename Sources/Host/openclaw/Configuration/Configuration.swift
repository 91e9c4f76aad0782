import Agent
import Approvals
import Core
import Gateway
import Skills
import Storage

/// Everything the operator decides about one service: what `openclaw.yaml`, the environment and the flags say together.
///
/// `Configuration()` is what runs without a file: the playground alone, for this machine only.
struct Configuration: Sendable {
  /// The file it was read from, as an absolute path; nil when there was none.
  var file: String?
  var server = Server()
  /// The only folder that is written to: database, keys, skill builds.
  var data = "data"
  var store = Store.sqlite(path: nil)
  /// The folder that skills are dropped into.
  var plugins = "Plugins"
  /// The folder of rules and tables.
  var policies = "policies"
  var channels = [Channel(name: "playground", kind: .playground)]
  var chats = ChatRules()
  var model = Model()
  var limits = Limits()
  /// SHA-256 of the skill images that may run inside the host process, in lower-case hexadecimal.
  var trustedSkills: Set<String> = []
  var skills = SkillSettings()
  var rawEvents = RawEvents()
  var retention = Retention()
  var instances = Instances()
  var approvals = ApprovalSettings()
}

extension Configuration {
  /// Where the service listens.
  struct Server: Sendable, Equatable {
    var host = "127.0.0.1"
    /// 0 means any free port.
    var port = 8080
    /// Whether each tool call leaves one line in the log.
    var logToolCalls = false
    /// PEM files; both or none.
    var tlsCertificate: String?
    var tlsKey: String?
    /// The reverse proxies whose word about the client's address is believed.
    var trustedProxies: [AddressRange] = []

    /// Whether only programs on this machine can connect.
    var isLoopbackOnly: Bool {
      host == "localhost" || host == "::1" || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }
  }

  /// Which database keeps journal, queue and approvals.
  enum Store: Sendable, Equatable {
    /// The database file; nil means `openclaw.db` in the data folder.
    case sqlite(path: String?)
    case postgres(PostgresAddress)
  }

  /// The chat-completion service behind free-form questions; nothing but commands is answered while `baseURL` is nil.
  struct Model: Sendable {
    var baseURL: String?
    /// The key in use first; a second one during rotation.
    var apiKeys: [Secret] = []
    var model: String?
    /// Models to try in this order when `model` fails.
    var fallback: [String] = []
  }

  /// What is demanded of skills.
  struct SkillSettings: Sendable {
    var requireSignature = SignatureRequirement.never
    /// What skills may use without reading it.
    var secrets = SkillSecrets()
    /// Places in private networks that skills may reach.
    var privateHosts: Set<PrivateHost> = []
  }

  /// What is kept of events as they came.
  struct RawEvents: Sendable, Equatable {
    var keep = RawEventRule.unknown
    var days = 7
  }

  /// How several instances that share a store live together.
  struct Instances: Sendable, Equatable {
    /// After so long a silence an instance is dead to the others.
    var lease = Membership.lease
  }

  /// When what was said is forgotten.
  struct Retention: Sendable, Equatable {
    /// Texts of messages and arguments of calls.
    var bodiesDays = 30
    /// Ids, states and times; at least as long as the texts.
    var idsDays = 180
    /// Heads of the audit log; at least as long as the texts.
    var headsDays = 400
  }

  /// How much is let in.
  struct Limits: Sendable, Equatable {
    /// A token bucket.
    struct Rate: Sendable, Equatable {
      var perMinute: Int
      var burst: Int
    }

    var sender = Rate(perMinute: 30, burst: 10)
    var group = Rate(perMinute: 120, burst: 40)
    var channel = Rate(perMinute: 60_000, burst: 10_000)
    /// Of one address: requests that do not prove who sends them.
    var address = Rate(perMinute: 300, burst: 100)
    /// Connections that one address may have open.
    var connectionsPerAddress = 512
    /// Accepted events that may wait; past it the gateway answers 503.
    var queue = 10_000
    /// Of them those of one class that may wait in one chat; past it the gateway answers 503 for that chat.
    var queuePerChat = 500
    /// Events that are worked on at the same time.
    var eventsInFlight = 16
    /// Approved writes that run at the same time.
    var writesInFlight = 8
    /// Events that wait for one tool at the same time, and runs of one write tool.
    var callsPerTool = 4
    /// Within this time of an answer the same text of the same sender is not worked on again.
    var duplicateWindow = Duration.seconds(3)
  }

  /// The database.
  var storePlace: StorePlace {
    switch store {
    case .sqlite(let path): .sqlite(path: path ?? FilePlace.join(data, "openclaw.db"))
    case .postgres(let address): .postgres(address)
    }
  }

  /// Makes every path absolute: relative ones belong to `folder`.
  mutating func resolvePaths(against folder: String) {
    data = FilePlace.join(folder, data)
    plugins = FilePlace.join(folder, plugins)
    policies = FilePlace.join(folder, policies)
    if case .sqlite(let path?) = store { store = .sqlite(path: FilePlace.join(folder, path)) }
    server.tlsCertificate = server.tlsCertificate.map { FilePlace.join(folder, $0) }
    server.tlsKey = server.tlsKey.map { FilePlace.join(folder, $0) }
  }
}

import Agent
import Approvals
import ArgumentParser
import AsyncHTTPClient
import Audit
import Console
import Core
import Crypto
import Delivery
import Foundation
import Gateway
import Logging
import NIOCore
import Operations
import Policy
import ServiceLifecycle
import Skills
import Storage
import UnixSignals

/// Puts the rooms together and runs them until the process is told to stop.
enum Server {
  static func run(_ configuration: Configuration) async throws {
    LoggingSystem.bootstrap { _ in JSONLogHandler() }
    let logger = Logger(label: "openclaw")
    let folder = try DataFolder(configuration.data)
    let health = Health(awaiting: [PolicyReloader.healthPart, "skills", GatewayServer.healthPart])
    let signals = Signals()
    let (store, damaged) = try openStore(configuration.storePlace, health: health, onRemoteChange: signals.changedElsewhere)
    let audit = AuditTrail(key: try folder.key("audit"))
    let signer = try CheckpointSigner(seed: try folder.key(AuditDesk.checkpointKey))
    try await agree(on: signer.verifier, in: store)
    if store.isShared { try await agree(on: [folder.key("audit"), folder.key(RawEventFolder.keyName)], in: store) }
    if let damaged { try await begin(anew: store, after: damaged, audit: audit, health: health, logger: logger) }
    let client = httpClient()
    do {
      let tls = try tls(of: configuration.server, health: health)
      let rawEventKey = try folder.key(RawEventFolder.keyName)
      let channels = try ChannelSet(configuration.channels, client: client, memory: store) { part in
        ChannelStatus(of: part, health: health, logger: logger)
      }
      // What the platforms allow is counted in the store, in the transaction of each message.
      store.follow(channels.deliverers.mapValues(\.rules))
      let house = House(
        configuration: configuration, channels: channels, store: store, audit: audit, signer: signer, health: health,
        logger: logger, tls: tls, rawEventKey: rawEventKey, signals: signals)
      try await house.run()
      try await client.shutdown()
      try store.close()
      logger.notice("stopped")
    } catch {
      try? await client.shutdown()
      try? store.close()
      throw unavailableAddress(error, of: configuration.server) ?? error
    }
    withExtendedLifetime(folder) {}
  }

  /// Words for an address that cannot be listened on; nil for any other error.
  private static func unavailableAddress(_ error: any Error, of server: Configuration.Server) -> CommandFailure? {
    let reason: String
    switch error {
    case let error as IOError: reason = String(cString: strerror(error.errnoCode))
    case is SocketAddressError: reason = "there is no such address"
    default: return nil
    }
    return CommandFailure(
      .unavailable, code: "cannot_listen",
      "cannot listen on \(server.host) port \(server.port): \(reason); choose another with `server:`, --host or --port")
  }

  /// - Returns: the store, and where a damaged one was set aside.
  private static func openStore(
    _ place: StorePlace, health: Health, onRemoteChange: @escaping @Sendable () -> Void
  ) throws(CommandFailure) -> (store: Store, damaged: String?) {
    let onChange: @Sendable (StoreError?) -> Void = { failure in
      health.report("store", failure.map { .failing($0.message) } ?? .ok)
    }
    do {
      let opened: (store: Store, damaged: String?)
      switch place {
      case .sqlite(let path): opened = try Store.openSettingAside(path: path, onChange: onChange)
      case .postgres(let address):
        opened = (try Store(postgres: address, onChange: onChange, onRemoteChange: onRemoteChange), nil)
      }
      health.report("store", .ok)
      return opened
    } catch {
      var status = ExitStatus.unavailable
      if case .sqlite = place, error.code == .cannotOpen { status = .cannotWrite }
      throw CommandFailure(status, code: error.code.rawValue, error.message)
    }
  }

  /// Instances on one store must have the same keys: what one seals another opens, and one person has one reference in the audit log.
  private static func agree(on keys: [Data], in store: Store) async throws {
    let fingerprint = SHA256.hash(data: keys.reduce(Data(), +)).prefix(8).hexadecimal
    let known = try await store.write { transaction in
      if let known = try transaction.setting("keys") { return known }
      try transaction.set(fingerprint, forSetting: "keys")
      return fingerprint
    }
    guard known == fingerprint else {
      throw CommandFailure(
        .unavailable, code: "keys_differ",
        "the other instances on this store have other keys; copy keys/ from the data folder of one of them into this one's")
    }
  }

  /// A log is signed by one key.
  private static func agree(on verifier: CheckpointVerifier, in store: Store) async throws {
    let known = try await store.write { try $0.adopt(verifier) }
    guard known == verifier else {
      throw CommandFailure(
        .unavailable, code: "keys_differ",
        "the audit log is signed by another key than keys/checkpoint; put that of \(known.name) back into the data folder")
    }
  }

  /// What a damaged database knew is unknown now: which events were answered, which writes have run. So nothing is written until an
  /// operator has looked.
  private static func begin(
    anew store: Store, after damaged: String, audit: AuditTrail, health: Health, logger: Logger
  ) async throws {
    let record = AuditRecord(.storeSetAside, outcome: "damaged")
    try await store.write { transaction in
      try ModeKeeper.set(.readOnly, by: nil, because: "the database was damaged", in: transaction, audit: audit)
      try audit.append(record, in: transaction)
    }
    let advice = "the database was damaged and lies at \(damaged); a new one was begun, and nothing is written until /mode normal"
    health.report("history", .degraded(advice))
    logger.error("\(advice); to go back to a backup: openclaw backup restore")
  }

  /// The certificate to serve with; nil when there is none.
  private static func tls(of server: Configuration.Server, health: Health) throws(CommandFailure) -> TLSKeeper? {
    guard let chain = server.tlsCertificate, let key = server.tlsKey else { return nil }
    var logger = Logger(label: "openclaw.gateway")
    logger[metadataKey: "part"] = "gateway"
    do {
      return try TLSKeeper(TLSCertificate(chainPath: chain, keyPath: key), health: health, logger: logger)
    } catch {
      throw CommandFailure(.badConfiguration, code: "bad_configuration", "bad configuration: \(error)")
    }
  }

  /// For the platforms' APIs. A connection attempt that fails must be told apart from a request that got no answer.
  private static func httpClient() -> HTTPClient {
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5), read: .seconds(90)))
    configuration.connectionPool.retryConnectionEstablishment = false
    // A send must not use up its time in the line for a connection: it would count as one without an answer.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = DeliveryWorker.concurrency
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }
}

/// The running parts and what connects them.
private struct House {
  let configuration: Configuration
  let channels: ChannelSet
  let store: Store
  let audit: AuditTrail
  let signer: CheckpointSigner
  let health: Health
  let logger: Logger
  let tls: TLSKeeper?
  let rawEventKey: Data
  let signals: Signals

  func run() async throws {
    let counters = Counters()
    let policy = PolicyEngine(onShadowDifference: shadowObserver(counters))
    let audit = watchedAudit(by: policy)
    let mode = ModeKeeper(store: store, policy: policy, onCommit: signals.committed, logger: part("policy"))
    try await mode.follow()
    let people = PeopleKeeper(store: store, policy: policy, logger: part("policy"))
    try await people.follow()
    let reloader = PolicyReloader(
      engine: policy, folder: configuration.policies, store: store, audit: audit, health: health, logger: part("policy"))
    await reloader.reload()
    let witness = SkillWitness(store: store, audit: audit, logger: part("skills"))
    let capabilities = CapabilityAudit(store: store, audit: audit, logger: part("skills"))
    let skills = try skillHost(
      policy: policy, counters: counters, witness: witness, capabilities: capabilities, signals: signals)
    let approvals = Approvals(policy: policy, audit: audit, toolbox: skills, settings: configuration.approvals)
    let log = ToolCallLog(logger: part("agent"), isEnabled: configuration.server.logToolCalls)
    let agent = CommandAgent(
      chats: configuration.chats, policy: policy, approvals: approvals, toolbox: skills, audit: audit, log: log, store: store)
    let delivery = DeliveryWorker(
      store: store, deliverers: channels.deliverers, isAdmin: { policy.subject($0).isAdmin },
      wakeup: signals.outbox, onRecorded: signals.bell.ring, counters: counters, logger: part("delivery"))
    let runner = WriteCallRunner(
      store: store, approvals: approvals, toolbox: skills,
      limits: .init(all: configuration.limits.writesInFlight, perTool: configuration.limits.callsPerTool),
      wakeup: signals.writes, onCommit: signals.committed, log: log, logger: part("agent"), executor: CallThreads.shared)
    let worker = EventWorker(
      store: store, agent: agent, concurrency: configuration.limits.eventsInFlight, toolLimit: configuration.limits.callsPerTool,
      presences: channels.deliverers.compactMapValues { $0 as? any Presence },
      duplicateWindow: configuration.limits.duplicateWindow, wakeup: signals.inbox, onCommit: signals.committed,
      onWithheld: withheldCounter(counters), logger: part("agent"), executor: CallThreads.shared)
    counters.gauge(MetricFamily("openclaw_dead_letters", help: "Events that were put aside.")) { worker.deadLetters }
    let rawEvents = RawEventKeeper(
      rule: configuration.rawEvents.keep, store: RawEventFolder.archive(in: store, key: rawEventKey, configuration.rawEvents),
      counters: counters, logger: part("gateway"))
    let admission = admission(signals: signals, rawEvents: rawEvents, counters: counters)
    let membership = Membership(
      store: store, lease: configuration.instances.lease,
      onDeath: {
        do {
          try await worker.takeOver()
          try await delivery.takeOver()
          try await runner.takeOver()
        } catch {
          logger.error("what dead instances held could not be taken over", metadata: ["error": "\(error)"])
        }
      }, logger: part("store"))
    try await membership.enrol()
    let health = health
    let housekeeper = Housekeeper(
      store: store, retention: configuration.retention.rule,
      onDamage: { damage in
        logger.critical("the database is damaged", metadata: ["reason": "\(damage)"])
        health.report("store integrity", .failing("the database is damaged: \(damage); stop, and restore a backup"))
      }, logger: part("store"))
    let rates = RateKeeper(admission: admission, store: store, logger: part("gateway"))
    await rates.restore()
    let gateway = gateway(admission: admission, signals: signals)
    let connections = Connections(
      channels: channels.connecting, store: store, intake: admission, health: health, logger: part("channels"))
    let keeper = AuditKeeper(
      store: store, audit: audit, signer: signer, retention: configuration.retention.heads, logger: part("audit"))
    try await note(.serviceStarted)
    // Shut down from the last to the first: no new events, then the work on them, then what they said, then the skills and
    // what there is to witness of them.
    var services: [any Service] = [
      membership, housekeeper, keeper, mode, people, rates, rawEvents, witness, capabilities, skills, reloader, delivery,
      AfterSkills(skills: skills, health: health, service: runner),
      AfterSkills(skills: skills, health: health, service: worker), connections, gateway,
    ]
    if let tls { services.append(tls) }
    var group = ServiceGroupConfiguration(
      services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: part("lifecycle"))
    group.maximumGracefulShutdownDuration = .seconds(30)
    try await ServiceGroup(configuration: group).run()
    try await note(.serviceStopped)
    do {
      try await keeper.sign()
    } catch {
      logger.error("the last audit records are not signed", metadata: ["error": "\(error)"])
    }
  }

  /// The audit log whose failures keep everything from being changed.
  private func watchedAudit(by policy: PolicyEngine) -> AuditTrail {
    audit.telling { [health] isPossible in
      guard policy.setWitnessed(isPossible) else { return }
      health.report("audit", isPossible ? .ok : .failing("the audit log cannot be written; until it can, the mode is read_only"))
    }
  }

  private func part(_ name: String) -> Logger {
    var logger = Logger(label: "openclaw.\(name)")
    logger[metadataKey: "part"] = "\(name)"
    return logger
  }

  private func note(_ kind: AuditRecord.Kind) async throws {
    let record = AuditRecord(kind, outcome: OpenClaw.configuration.version)
    try await store.write { [audit] in try audit.append(record, in: $0) }
  }

  private func skillHost(
    policy: PolicyEngine, counters: Counters, witness: SkillWitness, capabilities: CapabilityAudit, signals: Signals
  ) throws -> SkillHost {
    var services = CapabilityServices(store: store, policy: PolicyCapabilities(engine: policy))
    services.secrets = configuration.skills.secrets
    services.privateHosts = configuration.skills.privateHosts
    services.voice = OutboxVoice(store: store, onCommit: signals.committed)
    services.witness = capabilities
    services.observe = capabilityCounter(counters)
    return SkillHost(
      SkillHostConfiguration(
        plugins: configuration.plugins, data: configuration.data, runner: try RunnerProgram.path(),
        trustedBuilds: configuration.trustedSkills, requireSignature: configuration.skills.requireSignature),
      services: services, logger: part("skills"), onEvent: witness.take)
  }

  private func capabilityCounter(_ counters: Counters) -> @Sendable (CapabilityRecord) -> Void {
    let family = MetricFamily(
      "openclaw_capability_requests_total", help: "What skills asked the host for, by outcome.",
      labels: ["capability", "outcome"])
    return { counters.add(to: family, $0.capability, $0.outcome.rawValue) }
  }

  private func shadowObserver(_ counters: Counters) -> @Sendable (ShadowDifference) -> Void {
    let family = MetricFamily(
      "openclaw_policy_shadow_differences_total", help: "Answers that the rules in shadow would have given otherwise.",
      labels: ["verb", "live", "shadow"])
    let logger = part("policy")
    return { difference in
      counters.add(to: family, difference.verb, difference.live.word, difference.shadow.word)
      logger.notice(
        "shadow policy differs",
        metadata: [
          "verb": "\(difference.verb)", "subject": "\(difference.subject)", "live": "\(difference.live)",
          "shadow": "\(difference.shadow)", "live_rules": .array(difference.live.rules.map { "\($0)" }),
          "shadow_rules": .array(difference.shadow.rules.map { "\($0)" }),
        ])
    }
  }

  private func withheldCounter(_ counters: Counters) -> @Sendable (WithheldAnswer) -> Void {
    let family = MetricFamily(
      "openclaw_answers_withheld_total", help: "Answers not given, because they would be talk without end.", labels: ["reason"])
    return { counters.add(to: family, $0.rawValue) }
  }

  private func admission(signals: Signals, rawEvents: RawEventKeeper, counters: Counters) -> Admission {
    let limits = configuration.limits
    let chats = configuration.chats
    let inbox = Inbox(
      store: store, limit: limits.queue, conversationLimit: limits.queuePerChat,
      classify: { chats.relevance(of: $0) == .decision ? .urgent : .ordinary }, onAccepted: signals.inbox.signal)
    let store = store
    counters.gauge(MetricFamily("openclaw_pending_events", help: "Events accepted and not yet done.")) {
      Int64(store.pendingEvents)
    }
    return Admission(
      journal: inbox,
      limits: AdmissionLimits(
        sender: limits.sender.limit, group: limits.group.limit, channel: limits.channel.limit, address: limits.address.limit),
      relevance: configuration.chats.relevance, rawEvents: rawEvents, counters: counters, logger: part("gateway"))
  }

  private func gateway(admission: Admission, signals: Signals) -> GatewayServer {
    let store = store
    let server = configuration.server
    let logger = logger
    var settings = GatewayConfiguration(host: server.host, port: server.port)
    settings.trustedProxies = TrustedProxies(server.trustedProxies)
    settings.maximumConnectionsPerAddress = configuration.limits.connectionsPerAddress
    return GatewayServer(
      configuration: settings, channels: channels.table, admission: admission, health: health, logger: part("gateway"), tls: tls,
      extraRoutes: { router in
        guard let playground = channels.playground else { return }
        PlaygroundRoutes(channel: playground, admission: admission, store: store, bell: signals.bell).register(on: router)
      },
      onListening: { port in logger.notice("listening", metadata: ["host": "\(server.host)", "port": "\(port)"]) })
  }
}

extension Configuration.Limits.Rate {
  fileprivate var limit: RateLimit { RateLimit(perMinute: perMinute, burst: burst) }
}

extension Configuration.Retention {
  fileprivate var rule: Retention {
    Retention(bodies: .seconds(bodiesDays * 86_400), ids: .seconds(idsDays * 86_400))
  }

  /// How long the heads of audit records are kept.
  fileprivate var heads: Duration { .seconds(max(headsDays, bodiesDays) * 86_400) }
}

/// Who wakes whom after a commit.
private struct Signals: Sendable {
  let inbox = Wakeup()
  let outbox = Wakeup()
  let writes = Wakeup()
  /// For readers of the playground.
  let bell = Bell()

  /// Another instance has accepted something, or left work that this one may do as well.
  @Sendable func changedElsewhere() {
    inbox.signal()
    committed()
  }

  /// A commit may have left messages to send, calls to run, and news to read.
  @Sendable func committed() {
    outbox.signal()
    writes.signal()
    bell.ring()
  }
}

/// Starts a service once the plug-in folder was read: before that, every tool would seem not to exist.
private struct AfterSkills: Service {
  let skills: SkillHost
  let health: Health
  let service: any Service

  func run() async throws {
    await skills.waitUntilScanned()
    health.report("skills", .ok)
    try await service.run()
  }
}

/// Lets policy decide what a skill may use.
private struct PolicyCapabilities: CapabilityPolicy {
  let engine: PolicyEngine

  func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool {
    engine.mayUse(
      UseQuestion(skill: skill, capability: capability, effect: effect, requester: requester, now: WallClock.system.now())
    ).denial == nil
  }
}

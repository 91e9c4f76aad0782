import Core
import Logging
import Operations
import Synchronization

/// What every connection needs to answer requests. One for the server.
struct HTTPService: Sendable {
  let configuration: GatewayConfiguration
  let table: ChannelTable
  let admission: Admission
  let health: Health
  let routes: RouteResponder
  let dates = HTTPDates()
  let drain: DrainSignal
  let bodies: BodyBudget
  private let hasWarnedOfProxy = OneTime()

  init(
    configuration: GatewayConfiguration, table: ChannelTable, admission: Admission, health: Health, routes: RouteResponder,
    drain: DrainSignal, bodies: BodyBudget
  ) {
    self.configuration = configuration
    self.table = table
    self.admission = admission
    self.health = health
    self.routes = routes
    self.drain = drain
    self.bodies = bodies
  }

  /// Whom a request counts as coming from.
  func client(of peer: TrustedProxies.Peer, headers: [String: String]) -> ClientAddress {
    let client = configuration.trustedProxies.client(of: peer, headers: headers)
    if client.isUnlisted, hasWarnedOfProxy.isFirst() {
      admission.logger.warning(
        "a proxy on this machine is not in server.trusted_proxies: all its clients share one allowance",
        metadata: ["peer": "\(peer.text)"])
    }
    return client
  }

  /// `/healthz`, `/readyz` and `/metrics`; nil for every other path.
  func builtIn(_ path: String, isLocal: Bool, requestID: RequestID) throws(Refusal) -> HTTPAnswer? {
    switch path {
    case "/healthz": return HTTPAnswer(status: 200, json: ["status": "alive"])
    case "/readyz": return readiness(requestID)
    case "/metrics":
      guard isLocal else { throw .loopbackOnly }
      return HTTPAnswer(
        status: 200, text: admission.counters.exposition(), contentType: "text/plain; version=0.0.4; charset=utf-8")
    default: return nil
    }
  }

  private func readiness(_ requestID: RequestID) -> HTTPAnswer {
    let failures = health.failures
    guard !failures.isEmpty else { return HTTPAnswer(status: 200, json: ["status": "ready", "parts": health.summary]) }
    let message = failures.map { "\($0.part): \($0.reason)" }.joined(separator: "; ")
    let refusal = Refusal(status: 503, code: "not_ready", message: message)
    guard case .object(var body) = refusal.body(requestID) else { return HTTPAnswer(refusal, requestID: requestID) }
    body["parts"] = health.summary
    return HTTPAnswer(status: 503, json: .object(body))
  }
}

/// Says that the server is shutting down. Set once.
final class DrainSignal: Sendable {
  private let flag = Atomic(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set() { flag.store(true, ordering: .relaxed) }
}

/// Something that is done once.
private final class OneTime: Sendable {
  private let isDone = Atomic(false)

  /// True for the first who asks.
  func isFirst() -> Bool { !isDone.exchange(true, ordering: .relaxed) }
}

/// How one connection to the implementation ended, or did not begin.
enum OneBotConnectionEnd: Sendable, Equatable {
  /// The implementation does not accept our token.
  case credentials
  /// It was open, and an account was known, before it ended.
  case lost(reason: String)
  case failed(reason: String)

  /// For the operator.
  var problem: String {
    switch self {
    case .credentials: "the implementation refuses the access token; set the same access_token on both sides"
    case .lost(let reason): "the connection ended: \(reason); connecting again"
    case .failed(let reason): "no connection: \(reason); check `url` and whether the implementation runs"
    }
  }
}

/// When to connect again. Pure.
struct OneBotReconnection: Sendable {
  private static let waits: [Duration] = [.seconds(1), .seconds(2), .seconds(5), .seconds(10), .seconds(30)]
  /// Implementations count failed attempts, and only the operator can mend it.
  private static let credentialsWait: Duration = .seconds(60)

  private var failures = 0

  /// The wait before the next attempt, without jitter.
  mutating func wait(after end: OneBotConnectionEnd) -> Duration {
    switch end {
    case .credentials:
      failures = 0
      return Self.credentialsWait
    case .lost: failures = 0
    case .failed: break
    }
    defer { failures = min(failures + 1, Self.waits.count - 1) }
    return Self.waits[failures]
  }
}

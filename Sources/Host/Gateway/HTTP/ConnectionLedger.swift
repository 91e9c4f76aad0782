import Core
import Synchronization

/// How many connections each address has open. The server's own limit would let one address take them all.
final class ConnectionLedger: Sendable {
  private let limit: Int
  private let proxies: TrustedProxies
  private let open = Mutex<[String: Int]>([:])

  init(limit: Int, proxies: TrustedProxies) {
    self.limit = limit
    self.proxies = proxies
  }

  /// Enters a connection of `peer`. The ticket must be handed to `leave` when it is closed; nil: it is one too many.
  /// Proxies that are trusted may open as many as they need, for they speak for many.
  func enter(_ peer: String) -> Ticket? {
    guard let address = IPAddress(peer)?.unmapped, !proxies.contains(address) else { return Ticket(bucket: nil) }
    let bucket = ClientAddress.bucket(of: address)
    return open.withLock { open in
      let count = open[bucket, default: 0]
      guard count < limit else { return nil }
      open[bucket] = count + 1
      return Ticket(bucket: bucket)
    }
  }

  func leave(_ ticket: Ticket) {
    guard let bucket = ticket.bucket else { return }
    open.withLock { open in
      guard let count = open[bucket] else { return }
      open[bucket] = count > 1 ? count - 1 : nil
    }
  }

  /// How many addresses have connections that are counted.
  var addresses: Int { open.withLock { $0.count } }

  struct Ticket: Sendable {
    /// Nil: it is not counted.
    fileprivate let bucket: String?
  }
}

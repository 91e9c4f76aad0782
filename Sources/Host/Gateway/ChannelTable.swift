package import Core

/// Which channel answers at which path. Built once; a look-up is one hash of the path.
package struct ChannelTable: Sendable {
  /// The place of a WebSocket below its channel.
  struct SocketMount: Sendable {
    let channel: any SocketChannel
    /// ``, `api` or `event`.
    let endpoint: String
  }

  struct Entry: Sendable {
    var webhook: (any WebhookChannel)?
    var socket: SocketMount?

    var channel: String { webhook?.name ?? socket?.channel.name ?? "-" }
  }

  enum Lookup: Sendable {
    case found(Entry)
    /// Below a known prefix, but no such channel there.
    case unknownChannel
    case elsewhere
  }

  private static let socketPlaces = [
    ("", ""), ("/api", "api"), ("/event", "event"), ("/ws", ""), ("/ws/api", "api"), ("/ws/event", "event"),
  ]

  private var entries: [String: Entry] = [:]
  private let prefixes: [String]

  /// - Parameters:
  ///   - webhooks: the channels that take POSTs at `<prefix>/<name>`, by prefix such as `/qq/webhook`.
  ///   - sockets: the channels that take WebSockets at `<prefix>/<name>` and its `/ws`, `/api` and `/event`.
  ///   - prefixes: further prefixes below which every name is an unknown channel.
  package init(
    webhooks: [String: [any WebhookChannel]] = [:], sockets: [String: [any SocketChannel]] = [:], prefixes: [String] = []
  ) {
    self.prefixes = Set(prefixes).union(webhooks.keys).union(sockets.keys).map { "\($0)/" }.sorted()
    for (prefix, channels) in webhooks {
      for channel in channels { entries["\(prefix)/\(channel.name)", default: Entry()].webhook = channel }
    }
    for (prefix, channels) in sockets {
      for channel in channels {
        for (place, endpoint) in Self.socketPlaces {
          entries["\(prefix)/\(channel.name)\(place)", default: Entry()].socket = SocketMount(
            channel: channel, endpoint: endpoint)
        }
      }
    }
  }

  /// What lives at `path`, which is without query. One slash at the end makes no difference.
  func lookup(_ path: String) -> Lookup {
    if let entry = entries[path] { return .found(entry) }
    if path.utf8.last == UInt8(ascii: "/"), let entry = entries[String(path.dropLast())] { return .found(entry) }
    return prefixes.contains { path.hasPrefix($0) } ? .unknownChannel : .elsewhere
  }
}

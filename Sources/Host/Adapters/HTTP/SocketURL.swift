import Foundation

/// Where a WebSocket lives: `ws://host:port/path` or `wss://…`.
package struct SocketURL: Sendable, Hashable {
  package let isSecure: Bool
  package let host: String
  package let port: Int
  /// Path and query, beginning with a slash.
  package let target: String

  /// Nil when the text is no absolute `ws` or `wss` URL, or holds user information or a fragment.
  package init?(_ text: String) {
    guard let url = URLComponents(string: text), let scheme = url.scheme?.lowercased(), ["ws", "wss"].contains(scheme),
      let host = url.host, !host.isEmpty, url.user == nil, url.password == nil, url.fragment == nil,
      (1...65535).contains(url.port ?? 1)
    else { return nil }
    isSecure = scheme == "wss"
    // An IPv6 address stands in brackets in a URL only.
    self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    port = url.port ?? (isSecure ? 443 : 80)
    let path = url.percentEncodedPath.isEmpty ? "/" : url.percentEncodedPath
    target = path + (url.percentEncodedQuery.map { "?\($0)" } ?? "")
  }

  private init(_ url: SocketURL, target: String) {
    (isSecure, host, port) = (url.isSecure, url.host, url.port)
    self.target = target
  }

  /// The same place with `path` behind its own path; the query stays.
  package func appending(path: String) -> SocketURL {
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var base = parts[0]
    while base.hasSuffix("/") { base.removeLast() }
    return SocketURL(self, target: base + "/" + path + (parts.count > 1 ? "?\(parts[1])" : ""))
  }

  /// The value of the `Host` field.
  var hostField: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
  }
}

import Core

/// Who counts as a client on this machine.
enum LocalClient {
  /// True when the peer's address is a loopback address, no proxy says that it speaks for somebody else, and the client called
  /// us by a loopback name: a web page elsewhere whose host name points at 127.0.0.1 does not.
  static func sent(_ headers: [String: String], from remoteAddress: String) -> Bool {
    guard LoopbackAddress.contains(remoteAddress) else { return false }
    guard !headers.keys.contains(where: ProxyMark.isOne) else { return false }
    return headers["host"].map(isLoopbackName) ?? true
  }

  private static func isLoopbackName(_ host: String) -> Bool {
    if host.hasPrefix("[") {
      guard let end = host.firstIndex(of: "]") else { return false }
      return LoopbackAddress.contains(String(host[host.index(after: host.startIndex)..<end]))
    }
    let name = host.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
    return name.lowercased() == "localhost" || LoopbackAddress.contains(name)
  }
}

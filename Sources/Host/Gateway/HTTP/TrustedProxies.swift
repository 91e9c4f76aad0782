package import Core

/// The reverse proxies whose word about the client's address is believed.
package struct TrustedProxies: Sendable, Equatable {
  /// A proxy chain is short; whoever sends more hops has made them up.
  static let maximumHops = 16

  private let ranges: [AddressRange]

  /// - Parameter ranges: the proxies' own addresses, as the server sees them.
  package init(_ ranges: [AddressRange] = []) {
    self.ranges = ranges
  }

  /// The other end of a connection; made once for all of its requests.
  struct Peer: Sendable {
    let text: String
    let address: IPAddress?
    let isTrusted: Bool
    /// Whom requests without a word from a proxy come from.
    let direct: ClientAddress
  }

  /// - Parameter text: the address as the socket has it; empty when it has none.
  func peer(_ text: String) -> Peer {
    let address = IPAddress(text)?.unmapped
    return Peer(
      text: text, address: address, isTrusted: address.map(contains) ?? false,
      direct: ClientAddress(address, isForwarded: false))
  }

  func contains(_ address: IPAddress) -> Bool {
    let plain = address.unmapped
    return ranges.contains { $0.contains(plain) || $0.contains(address) }
  }

  /// Whom a request comes from.
  ///
  /// Each proxy writes the peer that it saw behind what it was sent, so that the hops are read from the right for as long as
  /// they are trusted proxies themselves; the first other one is the client, and whatever stands before it is hearsay. When both
  /// header fields are there, the client wrote one of them: neither is believed.
  func client(of peer: Peer, headers: [String: String]) -> ClientAddress {
    guard headers.keys.contains(where: ProxyMark.isOne) else { return peer.direct }
    guard let address = peer.address else { return ClientAddress(nil, isForwarded: true) }
    guard peer.isTrusted else { return ClientAddress(address, isForwarded: true, isUnlisted: address.isLoopback) }
    let hops: [String]
    switch (headers["x-forwarded-for"], headers["forwarded"]) {
    case (let list?, nil): hops = Self.lastParts(of: list)
    case (nil, let list?): hops = Self.lastParts(of: list).map(Self.forwardedFor)
    default: return ClientAddress(address, isForwarded: true)
    }
    var client = address
    for hop in hops.reversed() {
      guard let address = Self.address(in: hop)?.unmapped else { break }
      client = address
      guard contains(address) else { break }
    }
    return ClientAddress(client, isForwarded: true)
  }

  private static func lastParts(of list: String) -> [String] {
    list.split(separator: ",", omittingEmptySubsequences: false).suffix(maximumHops).map { trimmed($0) }
  }

  /// The `for` of one element of `Forwarded` (RFC 7239); empty when there is none.
  private static func forwardedFor(_ element: String) -> String {
    for pair in element.split(separator: ";") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, trimmed(parts[0]).lowercased() == "for" else { continue }
      return trimmed(parts[1]).trimmingPrefix("\"").description.removingSuffix("\"")
    }
    return ""
  }

  /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; nil for names, `unknown` and `_hidden`.
  private static func address(in hop: String) -> IPAddress? {
    if hop.hasPrefix("[") {
      guard let end = hop.firstIndex(of: "]") else { return nil }
      return IPAddress(hop[hop.index(after: hop.startIndex)..<end])
    }
    if let address = IPAddress(hop) { return address }
    let parts = hop.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 ? IPAddress(parts[0]) : nil
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text = text.dropLast() }
    return String(text)
  }
}

/// Header fields by which a proxy says that it speaks for somebody else.
enum ProxyMark {
  static func isOne(_ name: String) -> Bool {
    ["forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip"].contains(name) || name.hasPrefix("x-forwarded-")
  }
}

/// Whom a request counts as coming from.
struct ClientAddress: Sendable, Equatable {
  /// For logs and adapters. Empty when unknown, and when a proxy speaks for a client that it calls local: nobody behind a proxy
  /// is taken for a program on this machine.
  let text: String
  /// What its allowances are kept under: the address itself, of version 6 the first 64 bits, which one subscriber has for
  /// himself. Empty when unknown.
  let bucket: String
  /// A proxy says that it speaks for somebody else.
  let isForwarded: Bool
  /// That proxy runs on this machine and is not among the trusted ones: all its clients share one allowance.
  let isUnlisted: Bool

  init(_ address: IPAddress?, isForwarded: Bool, isUnlisted: Bool = false) {
    self.isForwarded = isForwarded
    self.isUnlisted = isUnlisted
    guard let address else {
      text = ""
      bucket = ""
      return
    }
    text = isForwarded && address.isLoopback ? "" : address.description
    bucket = Self.bucket(of: address)
  }

  static func bucket(of address: IPAddress) -> String {
    guard address.isVersion6, !address.isLoopback else { return address.description }
    return IPAddress(bytes: Array(address.bytes.prefix(8)) + [UInt8](repeating: 0, count: 8)).description + "/64"
  }
}

extension String {
  fileprivate func removingSuffix(_ suffix: Character) -> String {
    last == suffix ? String(dropLast()) : self
  }
}

import Glibc

/// An address as its bytes: 4 of version 4 or 16 of version 6.
struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  let bytes: [UInt8]

  /// Reads the plain forms, as `inet_pton` knows them; no zones, no brackets.
  init?(_ text: Substring) {
    let text = String(text)
    var four = in_addr()
    var six = in6_addr()
    if inet_pton(AF_INET, text, &four) == 1 {
      bytes = withUnsafeBytes(of: &four) { Array($0) }
    } else if inet_pton(AF_INET6, text, &six) == 1 {
      bytes = withUnsafeBytes(of: &six) { Array($0) }
    } else {
      return nil
    }
  }

  /// What a resolver found. Nil for other families.
  init?(_ info: addrinfo) {
    switch info.ai_family {
    case AF_INET where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
      guard let address = info.ai_addr else { return nil }
      let four = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
      bytes = withUnsafeBytes(of: four) { Array($0) }
    case AF_INET6 where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
      guard let address = info.ai_addr else { return nil }
      let six = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
      bytes = withUnsafeBytes(of: six) { Array($0) }
    default: return nil
    }
  }

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  var isVersion6: Bool { bytes.count == 16 }

  /// The canonical text, without brackets.
  var description: String {
    var text = [CChar](repeating: 0, count: 64)
    inet_ntop(isVersion6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether it belongs to the public internet. Everything reserved, private, local, shared, multicast or translated is not.
  var isPublic: Bool {
    isVersion6 ? isPublicVersion6 : Self.privateVersion4.allSatisfy { !$0.contains(bytes) }
  }

  private var isPublicVersion6: Bool {
    // Only 2000::/3 is given out at all. Within it, what stands for something else is not taken: a translated or tunnelled
    // address leads to an IPv4 one that nobody has looked at.
    guard Range("2000::/3").contains(bytes) else { return false }
    return Self.privateVersion6.allSatisfy { !$0.contains(bytes) }
  }

  private static let privateVersion4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
  ].map(Range.init)

  private static let privateVersion6 = [
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
  ].map(Range.init)

  /// All addresses that begin with the same bits.
  private struct Range: Sendable {
    let base: [UInt8]
    let length: Int

    /// Only for the literals above.
    init(_ text: String) {
      let parts = text.split(separator: "/")
      base = IPAddress(parts.first ?? "")?.bytes ?? []
      length = parts.last.flatMap { Int($0) } ?? 0
    }

    func contains(_ bytes: [UInt8]) -> Bool {
      guard bytes.count == base.count else { return false }
      let whole = length / 8
      guard bytes.prefix(whole) == base.prefix(whole) else { return false }
      let bits = length % 8
      guard bits > 0 else { return true }
      let mask = ~UInt8(0) << UInt8(8 - bits)
      return bytes[whole] & mask == base[whole] & mask
    }
  }
}

import Core
import Glibc

extension IPAddress {
  /// What a resolver found. Nil for other families.
  init?(_ info: addrinfo) {
    switch info.ai_family {
    case AF_INET where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in>.size:
      guard let address = info.ai_addr else { return nil }
      let four = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr }
      self.init(bytes: withUnsafeBytes(of: four) { Array($0) })
    case AF_INET6 where Int(info.ai_addrlen) >= MemoryLayout<sockaddr_in6>.size:
      guard let address = info.ai_addr else { return nil }
      let six = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
      self.init(bytes: withUnsafeBytes(of: six) { Array($0) })
    default: return nil
    }
  }

  /// Whether it belongs to the public internet. Everything reserved, private, local, shared, multicast or translated is not.
  var isPublic: Bool {
    isVersion6 ? isPublicVersion6 : Self.privateVersion4.allSatisfy { !$0.contains(self) }
  }

  private var isPublicVersion6: Bool {
    // Only 2000::/3 is given out at all. Within it, what stands for something else is not taken: a translated or tunnelled
    // address leads to an IPv4 one that nobody has looked at.
    guard AddressRange("2000::/3")?.contains(self) == true else { return false }
    return Self.privateVersion6.allSatisfy { !$0.contains(self) }
  }

  private static let privateVersion4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
  ].compactMap { AddressRange($0) }

  private static let privateVersion6 = [
    "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
  ].compactMap { AddressRange($0) }
}

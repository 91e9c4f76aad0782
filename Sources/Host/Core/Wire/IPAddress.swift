import Glibc

/// An address as its bytes: 4 of version 4 or 16 of version 6.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  /// Reads the plain forms, as `inet_pton` knows them; no zones, no brackets.
  package init?(_ text: some StringProtocol) {
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

  /// - Parameter bytes: 4 or 16 of them, most significant first.
  package init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  package var isVersion6: Bool { bytes.count == 16 }

  /// The canonical text, without brackets.
  package var description: String {
    var text = [CChar](repeating: 0, count: 64)
    inet_ntop(isVersion6 ? AF_INET6 : AF_INET, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The same address without its disguise: `::ffff:192.0.2.1` is `192.0.2.1`.
  package var unmapped: IPAddress {
    AddressRange.mapped.contains(self) ? IPAddress(bytes: Array(bytes.suffix(4))) : self
  }

  package var isLoopback: Bool {
    let plain = unmapped
    return plain.isVersion6 ? plain.bytes == [UInt8](repeating: 0, count: 15) + [1] : plain.bytes[0] == 127
  }
}

/// All addresses that begin with the same bits: `10.0.0.0/8`, or one address alone.
package struct AddressRange: Hashable, Sendable, CustomStringConvertible {
  package let base: IPAddress
  /// How many bits count.
  package let length: Int

  /// Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. Nil for anything else, and when bits beyond the length are set:
  /// whoever writes `10.1.2.3/8` means something else than what would be understood.
  package init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let address = IPAddress(parts[0]) else { return nil }
    var length = address.bytes.count * 8
    if parts.count == 2 {
      let isNumber = (1...3).contains(parts[1].utf8.count) && parts[1].utf8.allSatisfy { (48...57).contains($0) }
      guard isNumber, let given = Int(parts[1]), given <= length else { return nil }
      length = given
    }
    base = address
    self.length = length
    guard masked(address) == address else { return nil }
  }

  private init(base: IPAddress, length: Int) {
    self.base = base
    self.length = length
  }

  static let mapped = AddressRange(base: IPAddress(bytes: [UInt8](repeating: 0, count: 10) + [255, 255, 0, 0, 0, 0]), length: 96)

  package func contains(_ address: IPAddress) -> Bool {
    address.bytes.count == base.bytes.count && masked(address) == base
  }

  /// `address` with all bits beyond the length cleared.
  package func masked(_ address: IPAddress) -> IPAddress {
    var bytes = address.bytes
    for index in bytes.indices {
      let kept = min(max(length - index * 8, 0), 8)
      bytes[index] &= kept == 0 ? 0 : ~UInt8(0) << UInt8(8 - kept)
    }
    return IPAddress(bytes: bytes)
  }

  package var description: String {
    length == base.bytes.count * 8 ? base.description : "\(base)/\(length)"
  }
}

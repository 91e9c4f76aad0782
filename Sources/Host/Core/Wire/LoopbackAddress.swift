/// Which addresses are this machine's own.
package enum LoopbackAddress {
  /// True for 127.0.0.0/8, ::1, and the former written as IPv6.
  package static func contains(_ address: some StringProtocol) -> Bool {
    var plain = address.lowercased()[...]
    if plain == "::1" { return true }
    if plain.hasPrefix("::ffff:") { plain = plain.dropFirst(7) }
    let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}

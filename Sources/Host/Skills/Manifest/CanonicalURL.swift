import Core
import Glibc

/// An http or https URL in the one form in which it is compared with scopes and sent.
///
/// What two programs could read in two ways is refused, not repaired: user names, fragments, backslashes, encoded slashes and dots,
/// other spellings of addresses.
struct CanonicalURL: Hashable, Sendable {
  enum Scheme: String, Sendable {
    case https, http

    var port: Int { self == .https ? 443 : 80 }
  }

  enum Host: Hashable, Sendable {
    /// Lower-case ASCII labels.
    case name(String)
    /// In canonical form, without brackets.
    case address(IPAddress)

    /// As it stands in a URL.
    var text: String {
      switch self {
      case .name(let name): name
      case .address(let address): address.isVersion6 ? "[\(address)]" : "\(address)"
      }
    }
  }

  /// Why a text is no such URL; completes "the URL is refused: …".
  struct Invalid: Error, Equatable {
    let reason: String

    init(_ reason: String) {
      self.reason = reason
    }
  }

  static let longest = 8192

  let scheme: Scheme
  let host: Host
  let port: Int
  /// Begins with `/`; no dot segments, no needless escapes.
  let path: String
  /// With its `?`; empty when there is none.
  let query: String

  /// - Parameter resolvesDots: whether `.` and `..` are resolved, as a browser does; otherwise they are refused.
  init(parsing text: String, resolvesDots: Bool = true) throws(Invalid) {
    guard text.utf8.count <= Self.longest else { throw Invalid("it is longer than \(Self.longest) bytes") }
    try Self.checkCharacters(text)
    guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: text[..<colon].lowercased()),
      text[colon...].hasPrefix("://")
    else { throw Invalid("it must begin with https:// or http://") }
    let rest = text[colon...].dropFirst(3)
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    (host, port) = try Self.readAuthority(authority, scheme)
    let tail = rest.dropFirst(authority.count)
    let path = tail.prefix { $0 != "?" }
    self.scheme = scheme
    self.path = try Self.canonicalPath(path.isEmpty ? "/" : String(path), resolvesDots: resolvesDots)
    query = try Self.unescapeUnreserved(String(tail.dropFirst(path.count)), isPath: false)
  }

  /// The URL that a reference such as `../x?y` in an answer from this one means.
  func resolving(_ reference: String) throws(Invalid) -> CanonicalURL {
    // What follows `#` is for browsers; it is never sent.
    let reference = String(reference.prefix { $0 != "#" })
    if reference.hasPrefix("//") { return try CanonicalURL(parsing: "\(scheme.rawValue):\(reference)") }
    if let colon = reference.firstIndex(of: ":"), !reference[..<colon].contains(where: { "/?".contains($0) }) {
      return try CanonicalURL(parsing: reference)
    }
    if reference.isEmpty { return self }
    if reference.hasPrefix("/") { return try CanonicalURL(parsing: origin + reference) }
    if reference.hasPrefix("?") { return try CanonicalURL(parsing: origin + path + reference) }
    let folder = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
    return try CanonicalURL(parsing: origin + folder + reference)
  }

  /// `https://host`, with the port when it is not the scheme's own.
  var origin: String {
    "\(scheme.rawValue)://\(authority)"
  }

  /// The value of a `Host` header.
  var authority: String {
    port == scheme.port ? host.text : "\(host.text):\(port)"
  }

  var text: String { origin + path + query }
}

// MARK: - Reading

extension CanonicalURL {
  private static func checkCharacters(_ text: String) throws(Invalid) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): throw Invalid("it has a backslash")
      case UInt8(ascii: "#"): throw Invalid("it has a fragment (#)")
      case UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"),
        UInt8(ascii: "|"), UInt8(ascii: "}"):
        throw Invalid("it has the character '\(Character(UnicodeScalar(byte)))', which must be written as %\(hexadecimal(byte))")
      case 0x21...0x7e: break
      case 0x80...: throw Invalid("it has letters outside ASCII: write the host as xn--… and the rest percent-encoded")
      default: throw Invalid("it has a space or control character")
      }
    }
  }

  private static func readAuthority(_ text: Substring, _ scheme: Scheme) throws(Invalid) -> (Host, Int) {
    guard !text.contains("@") else { throw Invalid("it has a user name") }
    var host = text
    var port = scheme.port
    let colon = text.hasPrefix("[") ? text.firstIndex(of: "]").map { text.index(after: $0) } : text.firstIndex(of: ":")
    if let colon, colon < text.endIndex {
      guard text[colon] == ":" else { throw Invalid("its host is malformed") }
      let digits = text[text.index(after: colon)...]
      guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
        (1...65535).contains(number)
      else { throw Invalid("its port is not a number from 1 to 65535") }
      host = text[..<colon]
      port = number
    }
    return (try readHost(String(host)), port)
  }

  private static func readHost(_ text: String) throws(Invalid) -> Host {
    if text.hasPrefix("[") {
      guard text.hasSuffix("]"), let address = IPAddress(text.dropFirst().dropLast()), address.isVersion6 else {
        throw Invalid("its host is not an IPv6 address in brackets")
      }
      return .address(address)
    }
    guard !text.isEmpty else { throw Invalid("it has no host") }
    let name = text.lowercased()
    let labels = name.split(separator: ".", omittingEmptySubsequences: false)
    guard name.utf8.count <= 253, labels.allSatisfy({ isLabel($0) }) else {
      throw Invalid("'\(text.prefix(64))' is not a host name: labels of letters, digits and '-', joined by dots")
    }
    // What ends in a number is an address to some resolver: 127.1, 2130706433, 0x7f.1. Only the plain form is taken.
    if let last = labels.last, last.first?.isNumber == true,
      last.allSatisfy(\.isNumber) || last.hasPrefix("0x") && last.dropFirst(2).allSatisfy(\.isHexDigit)
    {
      guard let address = IPAddress(name[...]), address.description == name else {
        throw Invalid("'\(text.prefix(64))' is an unusual spelling of an address: write four decimal numbers")
      }
      return .address(address)
    }
    return .name(name)
  }

  private static func isLabel(_ label: Substring) -> Bool {
    (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
      && label.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  private static func canonicalPath(_ path: String, resolvesDots: Bool) throws(Invalid) -> String {
    let plain = try unescapeUnreserved(path, isPath: true)
    var segments: [Substring] = []
    let all = plain.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for (index, segment) in all.enumerated() {
      // Some servers drop what follows `;` and then see dots.
      guard !segment.hasPrefix(".;"), !segment.hasPrefix("..;") else { throw Invalid("its path has dots before a ';'") }
      guard segment == "." || segment == ".." else {
        segments.append(segment)
        continue
      }
      guard resolvesDots else { throw Invalid("its path has '\(segment)'") }
      if segment == ".." { _ = segments.popLast() }
      if index == all.count - 1 { segments.append("") }
    }
    return "/" + segments.joined(separator: "/")
  }

  /// Takes escapes away that mean nothing and writes the others in capitals. In a path, those that could become a separator, a dot
  /// or another escape behind our back are refused.
  private static func unescapeUnreserved(_ text: String, isPath: Bool) throws(Invalid) -> String {
    var result: [UInt8] = []
    var bytes = Array(text.utf8)[...]
    while let byte = bytes.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        result.append(byte)
        continue
      }
      guard let high = bytes.popFirst().flatMap(digit), let low = bytes.popFirst().flatMap(digit) else {
        throw Invalid("'%' must be followed by two hexadecimal digits")
      }
      let value = high << 4 | low
      switch value {
      case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "."), UInt8(ascii: "%"), 0:
        guard !isPath else { throw Invalid("its path has %\(hexadecimal(value)), which servers read in different ways") }
        result += [byte] + hexadecimal(value).utf8
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.append(value)
      default: result += [byte] + hexadecimal(value).utf8
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16, uppercase: true)
    return text.count == 1 ? "0\(text)" : text
  }
}

import Core
import Foundation
import Storage

/// How one kind of value is written. A failure completes the sentence "`port` …".
struct ValueSyntax<Value>: Sendable {
  /// Whether the value is text, so that quotes around it change nothing.
  let isText: Bool
  let parse: @Sendable (String) throws(InvalidValue) -> Value

  private init(isText: Bool = true, _ parse: @escaping @Sendable (String) throws(InvalidValue) -> Value) {
    self.isText = isText
    self.parse = parse
  }
}

extension ValueSyntax<Bool> {
  static let boolean = ValueSyntax(isText: false) { text throws(InvalidValue) in
    switch text {
    case "true": return true
    case "false": return false
    default: throw InvalidValue("must be true or false")
    }
  }
}

extension ValueSyntax<Int> {
  static func integer(in range: ClosedRange<Int>) -> ValueSyntax {
    ValueSyntax(isText: false) { text throws(InvalidValue) in
      let isDecimal = !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard isDecimal, let value = Int(text), range.contains(value) else {
        throw InvalidValue("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
  }
}

extension ValueSyntax<Duration> {
  /// A number with its unit: `300s`, `5m`, `500ms`, `1h`.
  static func duration(in range: ClosedRange<Duration>) -> ValueSyntax {
    ValueSyntax { text throws(InvalidValue) in
      let units: [(suffix: String, milliseconds: Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]
      guard let unit = units.first(where: { text.hasSuffix($0.suffix) }), let count = Int64(text.dropLast(unit.suffix.count))
      else {
        throw InvalidValue("must be a number with its unit, such as 300s, 5m or 1h")
      }
      let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
      guard !overflow, range.contains(.milliseconds(milliseconds)) else {
        throw InvalidValue("must be from \(range.lowerBound.components.seconds)s to \(range.upperBound.components.seconds)s")
      }
      return .milliseconds(milliseconds)
    }
  }
}

extension ValueSyntax<[Conversation]> {
  /// Chats by channel, account and scene: `main/102000000/group:7D1C, napcat/10000/private:10001`. At most 16.
  static let conversations = ValueSyntax { text throws(InvalidValue) in
    var conversations: [Conversation] = []
    for part in text.split(separator: ",") {
      guard let conversation = Conversation(part.trimmingCharacters(in: .whitespaces)) else {
        throw InvalidValue(
          "must name chats as channel/account/kind:id, such as main/102000000/group:7D1C, with commas between them")
      }
      if !conversations.contains(conversation) { conversations.append(conversation) }
    }
    guard (1...16).contains(conversations.count) else { throw InvalidValue("must name 1 to 16 chats") }
    return conversations
  }
}

extension ValueSyntax<String> {
  /// Any text on one line.
  static let text = ValueSyntax { text throws(InvalidValue) in
    guard !text.isEmpty else { throw InvalidValue("must not be empty") }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw InvalidValue("must not contain control characters")
    }
    return text
  }

  static let path = text

  /// A name or address to listen on, without scheme and port.
  static let host = ValueSyntax { text throws(InvalidValue) in
    let isPlain = text.utf8.allSatisfy { byte in
      byte < 0x80
        && (Character(Unicode.Scalar(byte)).isLetter || Character(Unicode.Scalar(byte)).isNumber || ".:-_%".utf8.contains(byte))
    }
    let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
    guard !text.isEmpty, isPlain, colons != 1 else {
      throw InvalidValue("must be a host name or an IP address alone, such as 127.0.0.1, 0.0.0.0 or ::1")
    }
    return text
  }

  /// An absolute URL of one of `schemes`, without query and fragment.
  static func url(_ schemes: String...) -> ValueSyntax {
    ValueSyntax { text throws(InvalidValue) in
      let allowed = schemes.map { "\($0)://" }.joined(separator: " or ")
      guard let url = URLComponents(string: text), let scheme = url.scheme, schemes.contains(scheme), let host = url.host,
        !host.isEmpty
      else { throw InvalidValue("must be a URL that begins with \(allowed)") }
      guard url.user == nil, url.password == nil else {
        throw InvalidValue("must not hold a user or password; secrets come from a file or the environment")
      }
      guard url.query == nil, url.fragment == nil else { throw InvalidValue("must not have a query or fragment") }
      return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
  }

  /// A name that is used in URLs and identities.
  /// A number that is a name: `0102` is not `102`.
  static let decimalDigits = ValueSyntax { text throws(InvalidValue) in
    guard (1...20).contains(text.utf8.count), text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else {
      throw InvalidValue("must be 1 to 20 decimal digits")
    }
    return text
  }

  static let identifier = ValueSyntax { text throws(InvalidValue) in
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "-_".utf8.contains(byte)
      }
    }
    guard (1...64).contains(text.utf8.count), isPlain else {
      throw InvalidValue("must be 1 to 64 letters, digits, '-' or '_'")
    }
    return text
  }

  /// The name of an environment variable.
  static let variableName = ValueSyntax { text throws(InvalidValue) in
    let isPlain = text.utf8.allSatisfy { $0 < 0x80 } && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    guard isPlain, let first = text.first, !first.isNumber else {
      throw InvalidValue("must be the name of an environment variable, such as QQ_SECRET")
    }
    return text
  }

  /// A SHA-256 as `sha256sum` prints it.
  static let sha256 = ValueSyntax { text throws(InvalidValue) in
    let isHexadecimal = text.utf8.allSatisfy { byte in "0123456789abcdef".utf8.contains(byte) }
    guard text.utf8.count == 64, isHexadecimal else {
      throw InvalidValue("must be 64 lower-case hexadecimal digits, as sha256sum prints them")
    }
    return text
  }

  /// `group:*`, `private:10001` or `*`.
  static let chatPattern = ValueSyntax { text throws(InvalidValue) in
    let kinds = ["group", "private", "guild", "guild-private"]
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard text == "*" || parts.count == 2 && kinds.contains(String(parts[0])) && !parts[1].isEmpty else {
      throw InvalidValue("must be '*', or \(kinds.joined(separator: ", ")) followed by ':*' or ':<id>'")
    }
    guard text == "*" || parts[1] == "*" || !parts[1].contains("*") else {
      throw InvalidValue("may have '*' only in place of the whole id")
    }
    return text
  }

  /// What a command begins with.
  static let commandPrefix = ValueSyntax { text throws(InvalidValue) in
    guard (1...16).contains(text.count), !text.contains(where: \.isWhitespace) else {
      throw InvalidValue("must be 1 to 16 characters without white space")
    }
    return text
  }
}

extension ValueSyntax<Configuration.Store> {
  static let store = ValueSyntax { text throws(InvalidValue) in
    if text == "sqlite" { return .sqlite(path: nil) }
    if text.hasPrefix("sqlite:"), text.utf8.count > 7 { return .sqlite(path: String(text.dropFirst(7))) }
    guard text.hasPrefix("postgres") else { throw InvalidValue("must be sqlite, sqlite:<path> or postgres://…") }
    do throws(StoreError) {
      return .postgres(try PostgresAddress(text))
    } catch {
      // The text itself may hold a password and is not repeated.
      throw InvalidValue("is no usable address: \(error.message)")
    }
  }
}

extension ValueSyntax<AddressRange> {
  /// `127.0.0.1`, `10.0.0.0/8` or `2001:db8::/32`.
  static let addressRange = ValueSyntax { text throws(InvalidValue) in
    guard let range = AddressRange(text) else {
      throw InvalidValue("must be an IP address such as 127.0.0.1, or a range such as 10.0.0.0/8 whose other bits are 0")
    }
    return range
  }
}

extension ValueSyntax where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
  /// One word of a closed list.
  static func choice() -> ValueSyntax {
    ValueSyntax { text throws(InvalidValue) in
      guard let value = Value(rawValue: text) else {
        let words = Value.allCases.map(\.rawValue)
        throw InvalidValue("must be one of \(words.joined(separator: ", "))\(NearestName.hint(for: text, among: words))")
      }
      return value
    }
  }
}

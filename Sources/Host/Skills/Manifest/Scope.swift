/// One thing that a skill may ever ask of the host, as its manifest writes it.
enum Scope: Hashable, Sendable {
  case keyValueRead
  case keyValueWrite
  case http(method: String, pattern: String)
  case secret(String)

  static let allowed = "kv:read, kv:write, http:METHOD https://host/*, secret:name"

  /// Nil when the text is none of `allowed`.
  init?(_ text: String) {
    switch text {
    case "kv:read": self = .keyValueRead
    case "kv:write": self = .keyValueWrite
    default:
      if text.hasPrefix("secret:") {
        let name = text.dropFirst("secret:".count)
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else { return nil }
        self = .secret(String(name))
      } else if text.hasPrefix("http:") {
        let parts = text.dropFirst("http:".count).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, Self.readingMethods.contains(String(parts[0])) || Self.writingMethods.contains(String(parts[0])),
          parts[1].hasPrefix("https://") || parts[1].hasPrefix("http://"), parts[1].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        self = .http(method: String(parts[0]), pattern: String(parts[1]))
      } else {
        return nil
      }
    }
  }

  /// Whether using it may change the world; a read tool may not name it.
  var isWrite: Bool {
    switch self {
    case .keyValueRead, .secret: false
    case .keyValueWrite: true
    case .http(let method, _): Self.writingMethods.contains(method)
    }
  }

  private static let readingMethods: Set<String> = ["GET", "HEAD"]
  private static let writingMethods: Set<String> = ["POST", "PUT", "PATCH", "DELETE"]
}

/// One thing that a skill may ever ask of the host, as its manifest writes it and the operator grants it.
enum Scope: Hashable, Sendable {
  case keyValueRead
  case keyValueWrite
  case http(HTTPScope)
  case secret(String)
  /// A message to the chat from which a call came.
  case chatSend

  static let allowed = "kv:read, kv:write, http:METHOD https://host/*, secret:name, chat:send"

  init(parsing text: String) throws(ScopeError) {
    switch text {
    case "kv:read": self = .keyValueRead
    case "kv:write": self = .keyValueWrite
    case "chat:send": self = .chatSend
    default:
      if text.hasPrefix("secret:") {
        let name = String(text.dropFirst("secret:".count))
        guard Self.isSecretName(name) else {
          throw ScopeError(text, "the name of a secret has 1 to 64 letters, digits, '.', '-' and '_'")
        }
        self = .secret(name)
      } else if text.hasPrefix("http:") {
        do throws(HTTPScope.Invalid) {
          self = .http(try HTTPScope(parsing: String(text.dropFirst("http:".count))))
        } catch {
          throw ScopeError(text, error.reason)
        }
      } else {
        throw ScopeError(text, "allowed are \(Self.allowed)")
      }
    }
  }

  /// As it is written in its one canonical form; reading it gives the same scope.
  var text: String {
    switch self {
    case .keyValueRead: "kv:read"
    case .keyValueWrite: "kv:write"
    case .http(let scope): "http:\(scope.text)"
    case .secret(let name): "secret:\(name)"
    case .chatSend: "chat:send"
    }
  }

  /// Whether using it may change the world; a read tool may not name it.
  var isWrite: Bool {
    switch self {
    case .keyValueRead, .secret: false
    case .keyValueWrite, .chatSend: true
    case .http(let scope): scope.method.isWrite
    }
  }

  /// Whether everything that `other` allows is allowed by this one.
  func covers(_ other: Scope) -> Bool {
    if case .http(let wide) = self, case .http(let narrow) = other { return wide.covers(narrow) }
    return self == other
  }

  static func isSecretName(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

/// Why a text is no scope.
package struct ScopeError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The whole text, and what of it is wrong or allowed.
  package let description: String

  init(_ text: String, _ reason: String) {
    description = "'\(text)' is not a scope: \(reason)"
  }
}

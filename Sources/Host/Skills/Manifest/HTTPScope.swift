/// Requests of one method to the URLs of one pattern: `GET https://api.example.org/v1/*`.
///
/// The host may begin with `*.`, which stands for exactly one label. A path that ends in `*` is a prefix, any other stands for
/// itself alone. The query of a URL is not looked at.
struct HTTPScope: Hashable, Sendable {
  enum Method: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"

    /// Whether using it may change the world.
    var isWrite: Bool { self != .get && self != .head }
  }

  /// Why a text is no such scope.
  struct Invalid: Error {
    let reason: String
  }

  let method: Method
  let url: URLPattern

  init(parsing text: String) throws(Invalid) {
    let parts = text.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw Invalid(reason: "write a method, one space and a URL, like GET https://host/*") }
    guard let method = Method(rawValue: String(parts[0])) else {
      throw Invalid(
        reason: "'\(parts[0])' is not a method; allowed are \(Method.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self.method = method
    do throws(CanonicalURL.Invalid) {
      url = try URLPattern(parsing: String(parts[1]))
    } catch {
      throw Invalid(reason: error.reason)
    }
  }

  var text: String { "\(method.rawValue) \(url.text)" }

  func covers(_ other: HTTPScope) -> Bool {
    method == other.method && url.covers(other.url)
  }

  func allows(_ method: Method, _ url: CanonicalURL) -> Bool {
    self.method == method && self.url.matches(url)
  }
}

/// The URLs at one origin, or at the origins one label below a name, whose path is or begins with a given one.
struct URLPattern: Hashable, Sendable {
  /// With `example.org` as host when the pattern says `*.example.org`, and without the `*` that ends a prefix.
  private let base: CanonicalURL
  private let isAnyLabel: Bool
  private let isPrefix: Bool

  init(parsing text: String) throws(CanonicalURL.Invalid) {
    let scheme = text.prefix { $0 != ":" }
    var rest = text.dropFirst(scheme.count)
    guard rest.hasPrefix("://") else { throw CanonicalURL.Invalid("a URL begins with https:// or http://") }
    rest = rest.dropFirst(3)
    isAnyLabel = rest.hasPrefix("*.")
    if isAnyLabel { rest = rest.dropFirst(2) }
    isPrefix = rest.hasSuffix("*")
    if isPrefix { rest = rest.dropLast() }
    guard !rest.contains("*") else {
      throw CanonicalURL.Invalid("'*' stands only for the whole first label of the host or at the very end of the path")
    }
    guard !isPrefix || rest.contains("/") else {
      throw CanonicalURL.Invalid("the host ends before the path: write https://host/*")
    }
    guard !rest.contains("?") else { throw CanonicalURL.Invalid("a scope has no query; every query is allowed") }
    base = try CanonicalURL(parsing: "\(scheme)://\(rest)", resolvesDots: false)
    if isAnyLabel {
      guard case .name(let name) = base.host, name.contains(".") else {
        throw CanonicalURL.Invalid("'*.' needs a name of at least two labels behind it")
      }
    }
  }

  /// In canonical form.
  var text: String {
    let rest = base.text.dropFirst(base.scheme.rawValue.count + 3)
    return "\(base.scheme.rawValue)://\(isAnyLabel ? "*." : "")\(rest)\(isPrefix ? "*" : "")"
  }

  func matches(_ url: CanonicalURL) -> Bool {
    guard url.scheme == base.scheme, url.port == base.port else { return false }
    guard isAnyLabel ? Self.parent(of: url.host) == base.host : url.host == base.host else { return false }
    return isPrefix ? url.path.hasPrefix(base.path) : url.path == base.path
  }

  /// Whether every URL that matches `other` matches this one.
  func covers(_ other: URLPattern) -> Bool {
    guard base.scheme == other.base.scheme, base.port == other.base.port else { return false }
    let otherHost = isAnyLabel && !other.isAnyLabel ? Self.parent(of: other.base.host) : other.base.host
    guard otherHost == base.host, isAnyLabel || !other.isAnyLabel else { return false }
    return isPrefix ? other.base.path.hasPrefix(base.path) : !other.isPrefix && other.base.path == base.path
  }

  /// `example.org` for `api.example.org`; nil for a name of one label and for an address.
  private static func parent(of host: CanonicalURL.Host) -> CanonicalURL.Host? {
    guard case .name(let name) = host, let dot = name.firstIndex(of: ".") else { return nil }
    return .name(String(name[name.index(after: dot)...]))
  }
}

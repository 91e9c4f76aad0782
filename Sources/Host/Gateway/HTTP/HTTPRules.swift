import Core
import NIOHTTP1

/// What can be decided from a request's head alone.
enum HTTPRules {
  /// The path of a request target, without query. Targets in absolute form count by their path (RFC 9112 §3.2.2).
  static func path(of target: String) -> String {
    var rest = Substring(target)
    if rest.utf8.first != UInt8(ascii: "/") {
      guard let authority = rest.firstRange(of: "://")?.upperBound else { return target }
      rest = rest[authority...]
      guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "/" }
      rest = rest[slash...]
    }
    guard let query = rest.utf8.firstIndex(of: UInt8(ascii: "?")) else { return String(rest) }
    return String(rest[..<query])
  }

  /// Query parameters with percent-encoding undone. The first of equal names counts, and a name or value that is not UTF-8
  /// is left out.
  static func query(of target: String) -> [String: String] {
    guard let start = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return [:] }
    let text = target[target.utf8.index(after: start)...]
    var parameters: [String: String] = [:]
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decoded(parts[0]), let value = decoded(parts.count > 1 ? parts[1] : ""), parameters[name] == nil
      else { continue }
      parameters[name] = value
    }
    return parameters
  }

  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else { return nil }
        bytes.append(high << 4 | low)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// What holds for every request. `headers` are those of `dictionary(of:)`: a repeated field shows by its comma.
  static func checkEvery(_ version: HTTPVersion, _ headers: [String: String]) throws(Refusal) {
    switch headers["host"] {
    case .some(let host): if host.contains(",") { throw .missingHost }
    case .none: if version.isModern { throw .missingHost }
    }
    if let coding = headers["transfer-encoding"], coding.lowercased() != "chunked" { throw .contentEncodingUnsupported }
    if let expectation = headers["expect"], expectation.lowercased() != "100-continue" { throw .expectationFailed }
  }

  /// What holds for an event that is posted: size, then type.
  static func checkEvent(_ headers: [String: String], maximumBody: Int) throws(Refusal) {
    if let length = contentLength(headers), length > maximumBody { throw .bodyTooLarge(limit: maximumBody) }
    guard let type = headers["content-type"], isJSON(type) else { throw .unsupportedMediaType }
    if let coding = headers["content-encoding"], coding.lowercased() != "identity" { throw .contentEncodingUnsupported }
  }

  /// The declared length; the parser has made sure that it is a number and given once. One beyond `Int` is beyond every limit.
  static func contentLength(_ headers: [String: String]) -> Int? {
    headers["content-length"].map { Int($0) ?? Int.max }
  }

  static func isJSON(_ contentType: String) -> Bool {
    if contentType == "application/json" { return true }
    let parts = contentType.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
    guard parts[0] == "application/json" else { return false }
    return parts.dropFirst().allSatisfy { ["charset=utf-8", "charset=\"utf-8\"", ""].contains($0) }
  }

  private static func trimmed(_ text: Substring) -> String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    var text = text.drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text.lowercased()
  }

  /// Values by lower-case name, repeated fields joined, as adapters see them.
  static func dictionary(of headers: HTTPHeaders) -> [String: String] {
    var values: [String: String] = [:]
    values.reserveCapacity(headers.count)
    for (name, value) in headers {
      let key = name.lowercased()
      if let earlier = values.updateValue(value, forKey: key) { values[key] = "\(earlier), \(value)" }
    }
    return values
  }
}

extension HTTPVersion {
  /// HTTP/1.1 or later.
  var isModern: Bool { major > 1 || (major == 1 && minor >= 1) }
}

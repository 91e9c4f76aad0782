import Core
import Foundation

/// What a skill wants fetched, checked for form.
struct HTTPFetchRequest: Sendable {
  static let largestBody = 1 << 20
  private static let mostHeaders = 64
  private static let largestHeaders = 16_384

  var method: HTTPScope.Method
  let url: CanonicalURL
  var headers: [(name: String, value: String)] = []
  var body: [UInt8]?
  var secrets: [SecretTemplate] = []

  init(_ request: CapabilityRequest) throws(CapabilityError) {
    try request.allow(["method", "url", "headers", "body", "body_base64", "secrets"])
    let name = try request.choice("method", of: HTTPScope.Method.allCases.map(\.rawValue))
    method = HTTPScope.Method(rawValue: name) ?? .get
    let text = try request.text("url", longest: CanonicalURL.longest)
    do throws(CanonicalURL.Invalid) {
      url = try CanonicalURL(parsing: text)
    } catch {
      throw CapabilityError(.badArgument, "the URL is refused: \(error.reason)")
    }
    headers = try request.texts("headers")
    for (header, value) in try request.texts("secrets") {
      secrets.append(try SecretTemplate(header: header, value: value))
    }
    try checkHeaders()
    body = try Self.readBody(request)
    if body != nil && !method.isWrite { throw CapabilityError(.badArgument, "\(method.rawValue) has no body") }
  }

  private func checkHeaders() throws(CapabilityError) {
    let names = headers.map(\.name) + secrets.map(\.header)
    guard names.count <= Self.mostHeaders,
      headers.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) <= Self.largestHeaders
    else {
      throw CapabilityError(
        .tooLarge, "a request has at most \(Self.mostHeaders) headers of \(Self.largestHeaders) bytes together")
    }
    guard Set(names.map { $0.lowercased() }).count == names.count else {
      throw CapabilityError(.badArgument, "a header is given twice")
    }
    for name in names {
      guard Self.isToken(name) else { throw CapabilityError(.badArgument, "a header's name has letters, digits and -") }
      guard !Self.isHostsOwn(name.lowercased()) else { throw CapabilityError(.badArgument, "the host itself sets '\(name)'") }
    }
    for (name, value) in headers {
      guard Self.isFieldValue(value) else {
        throw CapabilityError(.badArgument, "the value of '\(name)' has a control character, or a letter outside ASCII")
      }
    }
    // With parts of an answer, a secret that comes back could be cut in two and read.
    guard secrets.isEmpty || !names.contains(where: { $0.lowercased() == "range" }) else {
      throw CapabilityError(.badArgument, "'Range' and 'secrets' do not go together")
    }
  }

  /// Framing, routing and encoding are the host's; so is everything that is meant for the next hop alone.
  private static func isHostsOwn(_ name: String) -> Bool {
    [
      "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
      "accept-encoding", "http2-settings", "via", "forwarded",
    ].contains(name) || name.hasPrefix("proxy-") || name.hasPrefix("x-forwarded-") || name.hasPrefix("sec-")
  }

  private static func isToken(_ name: String) -> Bool {
    (1...128).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
          UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }

  static func isFieldValue(_ value: String) -> Bool {
    value.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 }
  }

  private static func readBody(_ request: CapabilityRequest) throws(CapabilityError) -> [UInt8]? {
    let text = try request.optionalText("body", longest: largestBody)
    let encoded = try request.optionalText("body_base64", longest: largestBody / 3 * 4 + 4)
    guard text == nil || encoded == nil else { throw CapabilityError(.badArgument, "give 'body' or 'body_base64', not both") }
    guard let encoded else { return text.map { Array($0.utf8) } }
    guard let data = Data(base64Encoded: encoded) else {
      throw CapabilityError(.badArgument, "'body_base64' is not valid base64")
    }
    return Array(data)
  }
}

/// What came back, before the skill sees it.
struct HTTPFetchAnswer: Sendable {
  let status: Int
  var headers: [(name: String, value: String)]
  var body: [UInt8]

  /// Takes out whatever came back of secrets that were sent, word for word.
  mutating func remove(_ secrets: [String]) {
    for secret in secrets where !secret.isEmpty {
      headers = headers.map {
        ($0.name.replacing(secret.lowercased(), with: "[secret]"), $0.value.replacing(secret, with: "[secret]"))
      }
      body = Self.replacing(Array(secret.utf8), in: body)
    }
  }

  var json: JSON {
    var fields: [String: String] = [:]
    for (name, value) in headers { fields[name] = fields[name].map { "\($0), \(value)" } ?? value }
    var members: [String: JSON] = ["status": .integer(Int64(status)), "headers": .object(fields.mapValues { .string($0) })]
    if let text = String(validating: body, as: UTF8.self) {
      members["body"] = .string(text)
    } else {
      members["body_base64"] = .string(Data(body).base64EncodedString())
    }
    return .object(members)
  }

  private static func replacing(_ needle: [UInt8], in bytes: [UInt8]) -> [UInt8] {
    guard let first = needle.first, bytes.count >= needle.count else { return bytes }
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      if bytes[index] == first, bytes[index...].starts(with: needle) {
        result += "[secret]".utf8
        index += needle.count
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return result
  }
}

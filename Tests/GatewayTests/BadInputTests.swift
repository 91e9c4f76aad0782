import Core
import Gateway
import Operations
import TestSupport
import Testing

/// One request that must be turned away, and how.
struct BadRequest: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let status: Int
  let code: String
  var closesOutput = false

  var testDescription: String { name }

  init(_ name: String, _ bytes: [UInt8], _ status: Int, _ code: String, closesOutput: Bool = false) {
    self.name = name
    self.bytes = bytes
    self.status = status
    self.code = code
    self.closesOutput = closesOutput
  }

  private static let start = [
    "POST /qq/webhook/main HTTP/1.1", "Host: localhost", "X-Token: good", "Content-Type: application/json",
  ]

  private static let manyChunks: [UInt8] = {
    let chunk = Array("1000\r\n".utf8) + Array(repeating: UInt8(ascii: " "), count: 4096) + Array("\r\n".utf8)
    return Array(repeatElement(chunk, count: 17).joined()) + Array("0\r\n\r\n".utf8)
  }()

  static let all: [BadRequest] = http + framing + types + documents

  static let http: [BadRequest] = [
    BadRequest("GET on a webhook", Request.get("/qq/webhook/main"), 405, "method_not_allowed"),
    BadRequest("PUT on a webhook", Request.head(["PUT /qq/webhook/main HTTP/1.1", "Host: a"]), 405, "method_not_allowed"),
    BadRequest("POST on health", Request.post(to: "/healthz", "{}"), 405, "method_not_allowed"),
    BadRequest("unknown path", Request.post(to: "/nothing/here", "{}"), 404, "not_found"),
    BadRequest("root", Request.get("/"), 404, "not_found"),
    BadRequest("unknown channel", Request.post(to: "/qq/webhook/other", "{}"), 404, "unknown_channel"),
    BadRequest("unknown socket channel", Request.get("/onebot/v11/other/ws"), 404, "unknown_channel"),
    BadRequest("asterisk target", Request.head(["OPTIONS * HTTP/1.1", "Host: a"]), 404, "not_found"),
    BadRequest("CONNECT", Request.head(["CONNECT example.com:443 HTTP/1.1", "Host: a"]), 404, "not_found"),
    BadRequest("socket path without upgrade", Request.get("/onebot/v11/sockets/ws"), 426, "upgrade_required"),
    BadRequest("metrics through a proxy", Request.get("/metrics", headers: ["X-Forwarded-For: 192.0.2.1"]), 403, "loopback_only"),
    BadRequest(
      "metrics by a foreign name", Request.head(["GET /metrics HTTP/1.1", "Host: evil.example"]), 403, "loopback_only"),
  ]

  static let framing: [BadRequest] = [
    BadRequest("garbage", Array("\u{1}\u{2}nonsense\r\n\r\n".utf8), 400, "http_malformed"),
    BadRequest("TLS hello", [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03], 400, "http_malformed"),
    BadRequest("HTTP/2 preface", Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8), 400, "http_malformed"),
    BadRequest("no host", Request.head(["POST /qq/webhook/main HTTP/1.1", "Content-Length: 0"]), 400, "http_malformed"),
    BadRequest("two hosts", Request.head(["GET /healthz HTTP/1.1", "Host: a", "Host: b"]), 400, "http_malformed"),
    BadRequest(
      "two lengths", Request.head(start + ["Content-Length: 2", "Content-Length: 40"]) + Array("{}".utf8), 400, "http_malformed"),
    BadRequest("list of lengths", Request.head(start + ["Content-Length: 2, 2"]) + Array("{}".utf8), 400, "http_malformed"),
    BadRequest(
      "length and chunks", Request.head(start + ["Content-Length: 4", "Transfer-Encoding: chunked"]) + Array("0\r\n\r\n".utf8),
      400, "http_malformed"),
    BadRequest("negative length", Request.head(start + ["Content-Length: -1"]), 400, "http_malformed"),
    BadRequest(
      "space before the colon", Request.head(start + ["Content-Length : 2"]) + Array("{}".utf8), 400, "http_malformed"),
    BadRequest("NUL in a header", Request.head(start + ["X-Odd: a\u{0}b"]), 400, "http_malformed"),
    BadRequest(
      "chunk size is no number", Request.head(start + ["Transfer-Encoding: chunked"]) + Array("ZZ\r\n{}\r\n".utf8), 400,
      "http_malformed"),
    BadRequest(
      "chunk longer than announced",
      Request.head(start + ["Transfer-Encoding: chunked"]) + Array("2\r\n{}garbage\r\n0\r\n\r\n".utf8), 400, "http_malformed"),
    BadRequest(
      "body cut off", Request.head(start + ["Content-Length: 100"]) + Array("{\"type\"".utf8), 400, "http_malformed",
      closesOutput: true),
    BadRequest(
      "compressed chunks", Request.head(start + ["Transfer-Encoding: gzip, chunked"]), 415, "content_encoding_unsupported"),
    BadRequest(
      "strange expectation", Request.head(start + ["Expect: miracles", "Content-Length: 2"]), 417, "expectation_failed"),
    BadRequest(
      "header too large", Request.head(start + ["X-Long: " + String(repeating: "a", count: 200_000)]), 431,
      "headers_too_large"),
    BadRequest(
      "too many headers", Request.head(start + (0..<200).map { "X-Many-\($0): a" }), 431, "headers_too_large"),
    BadRequest(
      "target too long", Request.get("/" + String(repeating: "a", count: 100_000)), 431, "headers_too_large"),
    BadRequest("too large by its length", Request.head(start + ["Content-Length: 65537"]), 413, "body_too_large"),
    BadRequest("too large by far", Request.head(start + ["Content-Length: 9223372036854775807"]), 413, "body_too_large"),
    BadRequest(
      "too large in chunks",
      Request.head(start + ["Transfer-Encoding: chunked"]) + manyChunks, 413, "body_too_large"),
  ]

  static let types: [BadRequest] = [
    BadRequest("no content type", Request.post(type: nil, "{}"), 415, "unsupported_media_type"),
    BadRequest("text", Request.post(type: "text/plain", "{}"), 415, "unsupported_media_type"),
    BadRequest("form", Request.post(type: "application/x-www-form-urlencoded", "a=b"), 415, "unsupported_media_type"),
    BadRequest("other charset", Request.post(type: "application/json; charset=gbk", "{}"), 415, "unsupported_media_type"),
    BadRequest("two types", Request.post(headers: ["Content-Type: text/plain"], "{}"), 415, "unsupported_media_type"),
    BadRequest("gzip", Request.post(headers: ["Content-Encoding: gzip"], "{}"), 415, "content_encoding_unsupported"),
    BadRequest("no signature", Request.post(token: nil, Request.event("x")), 401, "signature_missing"),
    BadRequest("wrong signature", Request.post(token: "bad", Request.event("x")), 403, "signature_invalid"),
    BadRequest("stale signature", Request.post(token: "stale", Request.event("x")), 401, "signature_stale"),
    BadRequest("bad JSON is not looked at before the signature", Request.post(token: "bad", "{"), 403, "signature_invalid"),
  ]

  static let documents: [BadRequest] = [
    BadRequest("empty body", Request.post(""), 400, "json_syntax"),
    BadRequest("cut off", Request.post("{\"type\":\"event\""), 400, "json_syntax"),
    BadRequest("two documents", Request.post("{}{}"), 400, "json_syntax"),
    BadRequest("byte-order mark", Request.post("\u{feff}{}"), 400, "json_syntax"),
    BadRequest("comment", Request.post("{/**/}"), 400, "json_syntax"),
    BadRequest("duplicate key", Request.post("{\"type\":\"event\",\"type\":\"event\"}"), 400, "json_duplicate_key"),
    BadRequest(
      "too deep", Request.post(String(repeating: "[", count: 40) + String(repeating: "]", count: 40)), 400, "json_too_deep"),
    BadRequest("huge number", Request.post("{\"a\":1e999}"), 400, "json_number"),
    BadRequest("very long number", Request.post("{\"a\":\(String(repeating: "9", count: 400))}"), 400, "json_number"),
    BadRequest(
      "not UTF-8", Request.post(bytes: Array("{\"a\":\"".utf8) + [0xff, 0xfe] + Array("\"}".utf8)), 400, "json_encoding"),
    BadRequest("lone surrogate", Request.post("{\"a\":\"\\ud800\"}"), 400, "json_encoding"),
    BadRequest("an array", Request.post("[1,2]"), 400, "event_invalid"),
    BadRequest("a string", Request.post("\"event\""), 400, "event_invalid"),
    BadRequest("an event without id", Request.post("{\"type\":\"event\"}"), 400, "event_invalid"),
  ]
}

@Suite("Bad input", .timeLimit(.minutes(5)))
struct BadInputTests {
  @Test("Every malformed request gets its status and code, and the next good request is served", arguments: BadRequest.all)
  func refuses(_ bad: BadRequest) async throws {
    try await LiveServer.run { server async throws in
      let answer = try #require(try await RawClient.ask(server.port, bad.bytes, thenClose: bad.closesOutput))
      #expect(answer.status == bad.status)
      let error = try JSON(parsing: answer.body)["error"]
      #expect(error?["code"]?.string == bad.code)
      #expect(error?["message"]?.string?.isEmpty == false)
      #expect(error?["request_id"]?.string == answer.headers["x-request-id"])
      #expect(RequestID(answer.headers["x-request-id"] ?? "") != nil)
      #expect(answer.headers["date"] != nil)
      #expect(server.journal.events.isEmpty)
      let counted = server.counters.exposition().split(separator: "\n").filter {
        $0.hasPrefix("openclaw_refusals_total{") && $0.contains("code=\"\(bad.code)\"} 1")
      }
      #expect(counted.count == 1)

      let good = try await RawClient.ask(server.port, Request.post(Request.event("after")))
      #expect(good?.status == 200)
      #expect(server.journal.messageIDs == ["after"])
    }
  }

  @Test("A wrong method names the right one")
  func allow() async throws {
    try await LiveServer.run { server async throws in
      let answer = try await RawClient.ask(server.port, Request.get("/qq/webhook/main"))
      #expect(answer?.headers["allow"] == "POST")
      let health = try await RawClient.ask(server.port, Request.post(to: "/healthz", "{}"))
      #expect(health?.headers["allow"] == "GET")
    }
  }

  @Test("Garbage behind a good request does not touch the good one")
  func pipelinedGarbage() async throws {
    try await LiveServer.run { server async throws in
      try await RawClient.connect(to: server.port) { client async throws in
        await client.send(Request.post(Request.event("first")) + Array("\u{0}\u{1}\u{2}\r\n\r\n".utf8))
        #expect(try await client.readResponse()?.status == 200)
        let second = try #require(try await client.readResponse())
        #expect(second.status == 400)
        #expect(second.headers["connection"] == "close")
        #expect(await client.isAtEnd())
      }
      #expect(server.journal.messageIDs == ["first"])
    }
  }

  @Test("A request hidden in another's body is never run")
  func smuggling() async throws {
    try await LiveServer.run { server async throws in
      let hidden = String(decoding: Request.post(Request.event("hidden")), as: UTF8.self)
      let attempts = [
        Request.head([
          "POST /qq/webhook/main HTTP/1.1", "Host: a", "X-Token: good", "Content-Type: application/json", "Content-Length: 0",
          "Transfer-Encoding: chunked",
        ]) + Array("0\r\n\r\n\(hidden)".utf8),
        Request.head([
          "POST /qq/webhook/main HTTP/1.1", "Host: a", "X-Token: good", "Content-Type: application/json",
          "Transfer-Encoding: chunked", "Transfer-Encoding: identity",
        ]) + Array("0\r\n\r\n\(hidden)".utf8),
        Request.head(["CONNECT a:1 HTTP/1.1", "Host: a"]) + Array(hidden.utf8),
      ]
      for attempt in attempts {
        try await RawClient.connect(to: server.port) { client async throws in
          await client.send(attempt)
          let answer = try #require(try await client.readResponse())
          #expect(answer.status >= 400)
          #expect(answer.headers["connection"] == "close")
          #expect(await client.isAtEnd())
        }
      }
      #expect(server.journal.events.isEmpty)
    }
  }
}

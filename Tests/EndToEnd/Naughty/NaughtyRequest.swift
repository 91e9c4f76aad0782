import Core
import Crypto
import Foundation
import TestSupport

/// What a bad client sends over one connection before it ends its side.
struct NaughtyRequest: Sendable {
  let kind: NaughtyGenerator.Kind
  let bytes: [UInt8]
  /// The client is gone before any answer can come.
  var leavesAtOnce = false
}

/// Makes bad requests, the same ones for the same seed.
struct NaughtyGenerator {
  enum Kind: String, Sendable, CaseIterable {
    case oversized, compressed, pipelined, chunking, smuggling, headers, cutOff, tlsGarbage, noise, mutation, unsigned
    case encoding, deep, duplicateKeys, numbers, unknownTypes, members, handshake, frames, gone
  }

  private var random: SplitMix
  private let now: Int64
  private let key: Curve25519.Signing.PrivateKey
  private var made = 0

  init(seed: UInt64, now: Int64) throws {
    random = SplitMix(state: seed)
    self.now = now
    key = try QQPlatform.signingKey()
  }

  mutating func next() throws -> NaughtyRequest {
    made += 1
    let kind = Kind.allCases[made % Kind.allCases.count]
    switch kind {
    case .oversized: return NaughtyRequest(kind: kind, bytes: oversized())
    case .compressed: return NaughtyRequest(kind: kind, bytes: compressed())
    case .pipelined: return NaughtyRequest(kind: kind, bytes: pipelined())
    case .chunking: return NaughtyRequest(kind: kind, bytes: chunking())
    case .smuggling: return NaughtyRequest(kind: kind, bytes: smuggling())
    case .headers: return NaughtyRequest(kind: kind, bytes: headers())
    case .cutOff:
      let whole = try signed(Array(#"{"op":0,"t":"X","d":{}}"#.utf8))
      return NaughtyRequest(kind: kind, bytes: Array(whole.prefix(number(below: whole.count))))
    case .tlsGarbage: return NaughtyRequest(kind: kind, bytes: [0x16, 3, byte() % 5] + noise(upTo: 600))
    case .noise: return NaughtyRequest(kind: kind, bytes: noise(upTo: 4000))
    case .mutation: return NaughtyRequest(kind: kind, bytes: try mutation())
    case .unsigned: return NaughtyRequest(kind: kind, bytes: unsigned())
    case .encoding:
      return NaughtyRequest(
        kind: kind, bytes: try signed(Array(#"{"op":0,"t":""#.utf8) + noise(upTo: 60) + Array(#"","d":{}}"#.utf8)))
    case .deep: return NaughtyRequest(kind: kind, bytes: try signed(deep()))
    case .duplicateKeys:
      let keys = (0..<1 + number(below: 400)).map { "\"k\($0 % 200)\":\($0)" }.joined(separator: ",")
      return NaughtyRequest(kind: kind, bytes: try signed(Array("{\"op\":0,\"op\":0,\(keys)}".utf8)))
    case .numbers: return NaughtyRequest(kind: kind, bytes: try signed(numbers()))
    case .unknownTypes:
      return NaughtyRequest(
        kind: kind, bytes: try signed(Array(#"{"id":"u\#(made)","op":0,"t":"NOBODY_KNOWS_\#(made)","d":{}}"#.utf8)))
    case .members: return NaughtyRequest(kind: kind, bytes: try signed(members()))
    case .handshake: return NaughtyRequest(kind: kind, bytes: handshake())
    case .frames: return NaughtyRequest(kind: kind, bytes: frames())
    case .gone: return NaughtyRequest(kind: kind, bytes: Array(unsigned().prefix(number(below: 300))), leavesAtOnce: true)
    }
  }

  // MARK: HTTP

  private mutating func oversized() -> [UInt8] {
    let start = post()
    switch number(below: 6) {
    case 0: return Request.head(start + ["Content-Length: 65537"]) + noise(upTo: 2000)
    case 1: return Request.head(start + ["Content-Length: 9223372036854775807"])
    case 2: return Request.head(start + ["Content-Length: \(String(repeating: "9", count: 1 + number(below: 60)))"])
    case 3: return Request.head(start + ["X-Long: " + String(repeating: "a", count: 33_000 + number(below: 60_000))])
    case 4: return Request.head(start + (0..<101 + number(below: 500)).map { "X-\($0): a" })
    default: return Request.get("/" + String(repeating: "%41", count: 12_000 + number(below: 10_000)))
    }
  }

  private mutating func compressed() -> [UInt8] {
    let coding = pick(["gzip", "deflate", "br", "gzip, gzip, gzip", "zstd", "x-gzip"])
    let bomb: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + noise(upTo: 3000)
    let field = pick([
      "Content-Encoding: \(coding)", "Transfer-Encoding: \(coding), chunked", "Content-Encoding: identity, \(coding)",
    ])
    return Request.head(post() + [field, "Content-Length: \(bomb.count)"]) + bomb
  }

  private mutating func pipelined() -> [UInt8] {
    let one = pick([
      Request.get("/healthz"), Request.get("/nothing"), unsigned(), Request.head(["HEAD /readyz HTTP/1.1", "Host: a"]),
    ])
    return Array(repeatElement(one, count: 20 + number(below: 300)).joined())
  }

  private mutating func chunking() -> [UInt8] {
    let head = Request.head(post() + ["Transfer-Encoding: chunked"])
    let text = pick([
      "ZZ\r\n{}\r\n0\r\n\r\n", "2\r\n{}garbage\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFF\r\n{}", "FFFFFFFFFFFFFFFFFFFFFFFFF\r\n",
      "-1\r\n{}\r\n",
      "2;a=\"\u{1}\"\r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n", "0x2\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0\r\nTrailer-\u{0}: x\r\n\r\n",
      " 2\r\n{}\r\n",
      "2\r\n{}\r\n0\r\n" + String(repeating: "T: x\r\n", count: 500) + "\r\n", "", "\r\n",
      "2;" + String(repeating: "x", count: 70_000),
    ])
    return head + Array(text.utf8)
  }

  private mutating func smuggling() -> [UInt8] {
    let second = "POST /qq/webhook/main HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
    let fields = pick([
      ["Content-Length: 4", "Transfer-Encoding: chunked"],
      ["Transfer-Encoding: chunked", "Content-Length: \(second.utf8.count)"],
      ["Content-Length: 2", "Content-Length: \(second.utf8.count)"], ["Content-Length: 2, 2"], ["Content-Length: +2"],
      ["Content-Length : 2"], ["Content-Length:\u{b}2"], ["Transfer-Encoding: xchunked"],
      ["Transfer-Encoding: chunked, identity"],
      ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding : chunked"],
      ["X: y\r\n Transfer-Encoding: chunked"],
      ["Transfer-Encoding:\u{b}chunked"], ["Content-Length: 0x2"], ["Content-Length: 2\r"],
      ["content_length: 3", "Content-Length: 2"],
    ])
    return Request.head(post() + fields) + Array("0\r\n\r\n\(second)".utf8)
  }

  private mutating func headers() -> [UInt8] {
    let line = pick([
      "X-Odd: a\u{0}b", ": nameless", "no colon at all", "X Space: a", "X-Odd: \u{7f}", "X-Ümlaut: a", "Host: second", "Host:",
      "Expect: miracles", "Connection: close, keep-alive, upgrade", "Upgrade: h2c",
      "X-Forwarded-For: \(String(repeating: "1,", count: 9000))",
      "Forwarded: for=\"\u{1}\"", "Range: bytes=0-,0-,0-,0-", "Content-Type: application/json;\u{0}",
      "Cookie: " + String(repeating: "a=b;", count: 4000),
    ])
    let version = pick(["HTTP/1.1", "HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/11.1", "http/1.1", "HTTP/1.1 ", ""])
    return Request.head([
      "\(pick(["POST", "GET", "PUT", "BREW", "get", "PRI", "CONNECT", "TRACE"])) \(pick(["/qq/webhook/main", "*", "/../../etc/passwd", "http://a/qq/webhook/main", "/onebot/v11/napcat", "/playground/messages", "/metrics", "/%00", "\\"])) \(version)",
      "Host: a", line,
    ])
  }

  private mutating func mutation() throws -> [UInt8] {
    var bytes = try signed(Array(#"{"id":"m\#(made)","op":0,"t":"NOBODY","d":{"a":[1,2,{"b":null}]}}"#.utf8))
    for _ in 0..<1 + number(below: 6) {
      let place = number(below: bytes.count)
      switch number(below: 4) {
      case 0: bytes[place] = byte()
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(byte(), at: place)
      default: bytes.replaceSubrange(place..<min(place + 20, bytes.count), with: noise(upTo: 20))
      }
    }
    return bytes
  }

  private mutating func unsigned() -> [UInt8] {
    let body = Array(#"{"op":\#(pick(["0", "13", "1", "12"])),"d":{"plain_token":"a","event_ts":"1"},"t":"X"}"#.utf8)
    let signature = pick([
      [], ["X-Signature-Ed25519: 00"],
      ["X-Signature-Ed25519: \(String(repeating: "0", count: 128))", "X-Signature-Timestamp: \(now)"],
      ["X-Signature-Ed25519: \(String(repeating: "zz", count: 64))", "X-Signature-Timestamp: \(now)"],
      ["X-Signature-Ed25519: \(String(repeating: "a", count: 128))", "X-Signature-Timestamp: 99999999999999999999"],
      ["X-Signature-Ed25519: \(String(repeating: "a", count: 128))", "X-Signature-Timestamp: -1"],
    ])
    let from = pick([[], ["X-Forwarded-For: \(address())"], ["Forwarded: for=\(address())"], ["Via: 1.1 a"]])
    return Request.head(
      ["POST /qq/webhook/main HTTP/1.1", "Host: a", "Content-Type: application/json", "X-Bot-Appid: \(QQPlatform.appID)"]
        + signature + from + ["Content-Length: \(body.count)"]) + body
  }

  // MARK: Documents that carry a true signature

  private mutating func deep() -> [UInt8] {
    let depth = 20 + number(below: 30_000)
    let (open, close) = pick([("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")])
    return Array((#"{"op":0,"d":"# + String(repeating: open, count: depth)).utf8.prefix(30_000))
      + (number(below: 2) == 0 ? Array(String(repeating: close, count: depth).utf8.prefix(30_000)) : [])
  }

  private mutating func numbers() -> [UInt8] {
    let number = pick([
      "1e999", "-1e999", String(repeating: "9", count: 5000), "0.\(String(repeating: "0", count: 5000))1", "1e-999999999",
      "9223372036854775808",
      "-9223372036854775809", "00", "+1", ".5", "1.", "0x1", "NaN", "-", "1e", "18446744073709551616",
    ])
    let place = pick([
      #"{"op":N}"#, #"{"op":0,"s":N,"t":"X","d":{}}"#, #"{"op":1,"d":N}"#, #"{"op":13,"d":{"plain_token":"a","event_ts":N}}"#,
    ])
    return Array(place.replacing("N", with: number).utf8)
  }

  private mutating func members() -> [UInt8] {
    let wrong = pick([
      "null", "[]", "{}", "\"\"", "0", "true", "\"\(String(repeating: "x", count: 2000))\"", #""\ud800""#, #""\u0000""#,
    ])
    let type = pick([
      "GROUP_AT_MESSAGE_CREATE", "C2C_MESSAGE_CREATE", "INTERACTION_CREATE", "READY", "AT_MESSAGE_CREATE", "GROUP_ADD_ROBOT",
    ])
    let member = pick([
      "id", "content", "group_openid", "author", "timestamp", "attachments", "message_scene", "mentions", "data",
    ])
    return Array(#"{"id":"w\#(made)","op":0,"s":1,"t":"\#(type)","d":{"\#(member)":\#(wrong)}}"#.utf8)
  }

  private mutating func signed(_ body: [UInt8]) throws -> [UInt8] {
    let signature = try key.signature(for: Array("\(now)".utf8) + body).hexadecimal
    return Request.head([
      "POST /qq/webhook/main HTTP/1.1", "Host: a", "Content-Type: application/json", "X-Bot-Appid: \(QQPlatform.appID)",
      "X-Signature-Ed25519: \(signature)", "X-Signature-Timestamp: \(now)", "X-Forwarded-For: \(address())",
      "Content-Length: \(body.count)",
    ]) + body
  }

  // MARK: WebSockets

  private mutating func handshake() -> [UInt8] {
    let path = "/onebot/v11/napcat/ws"
    switch number(below: 6) {
    case 0: return WebSocketClient.upgrade(path, headers: ["X-Self-ID: 1", "X-Forwarded-For: \(address())"])
    case 1: return WebSocketClient.upgrade(path, headers: ["Authorization: Bearer wrong", "X-Forwarded-For: \(address())"])
    case 2: return Request.get(path, headers: ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: short"])
    case 3: return WebSocketClient.upgrade(path, headers: ["Content-Length: 5"]) + Array("hello".utf8)
    case 4:
      return Request.get(path, headers: ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8"])
        + noise(upTo: 500)
    default: return WebSocketClient.upgrade(path, headers: ["Transfer-Encoding: chunked"]) + Array("FFFF\r\n".utf8)
    }
  }

  /// A handshake that is accepted, and then what no WebSocket may send.
  private mutating func frames() -> [UInt8] {
    let upgrade = WebSocketClient.upgrade(
      "/onebot/v11/napcat/ws",
      headers: [
        "Authorization: Bearer \(OneBotImplementation.token)", "X-Self-ID: \(1 + number(below: 5))", "X-Client-Role: Universal",
        "X-Forwarded-For: \(address())",
      ])
    let garbage: [UInt8]
    switch number(below: 8) {
    case 0: garbage = WebSocketClient.frame(1, Array("{}".utf8), masked: false)
    case 1: garbage = WebSocketClient.frame(1, Array("{}".utf8), reserved: 0x70)
    case 2: garbage = WebSocketClient.frame(1, [0xff, 0xfe, 0xc0])
    case 3: garbage = WebSocketClient.frame(9, noise(upTo: 120), final: false)
    case 4: garbage = [0x81, 0xff] + [UInt8](repeating: 0xff, count: 8) + noise(upTo: 100)
    case 5: garbage = WebSocketClient.frame(0, Array("{}".utf8))
    case 6: garbage = Array((0..<20).map { _ in WebSocketClient.frame(1, Array("[".utf8)) }.joined())
    default: garbage = noise(upTo: 2000)
    }
    return upgrade + garbage
  }

  // MARK: Chance

  private mutating func post() -> [String] {
    ["POST /qq/webhook/main HTTP/1.1", "Host: a", "Content-Type: application/json", "X-Forwarded-For: \(address())"]
  }

  private mutating func address() -> String { "198.51.\(100 + number(below: 20)).\(number(below: 256))" }

  private mutating func byte() -> UInt8 { UInt8.random(in: 0...255, using: &random) }

  private mutating func number(below limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &random) }

  private mutating func noise(upTo count: Int) -> [UInt8] { (0..<1 + number(below: count)).map { _ in byte() } }

  private mutating func pick<Value>(_ values: [Value]) -> Value { values[number(below: values.count)] }
}

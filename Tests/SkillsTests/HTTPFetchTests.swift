import Core
import NIOHTTP1
import SkillLoader
import Testing

@testable import Skills

@Suite("http.fetch", .timeLimit(.minutes(5)))
struct HTTPFetchTests {
  /// Answers by path; `self.example` names the server as well.
  private static func answer(_ request: TestHTTPServer.Request) -> TestHTTPServer.Reply {
    switch request.uri {
    case "/echo":
      let headers = request.headers.map { "\($0.name): \($0.value)\n" }.joined()
      return .init(
        headers: [("X-Echo", request.headers.first(name: "Authorization") ?? "-")], body: Array(headers.utf8) + request.body)
    case "/binary": return .init(body: [0xff, 0, 0xfe])
    case "/loop": return .redirect(302, "/loop")
    case "/relative": return .redirect(301, "echo")
    case "/see-other": return .redirect(303, "/echo")
    case "/same-method": return .redirect(307, "/echo")
    case "/metadata": return .redirect(302, "http://169.254.169.254/latest")
    case "/outside": return .redirect(302, "/private/x")
    case "/odd": return .redirect(302, "http://user@127.0.0.1/")
    case "/elsewhere": return .redirect(307, "http://other.example:\(request.headers.first(name: "X-Port") ?? "")/echo")
    case "/long": return .init(body: [UInt8](repeating: 0x61, count: HTTPFetcher.largestAnswer + 1))
    case "/longest": return .init(body: [UInt8](repeating: 0x61, count: HTTPFetcher.largestAnswer))
    case "/endless": return .init(body: [0x61], ends: false)
    case "/headers": return .init(headers: (0..<200).map { ("X-\($0)", "a") })
    case "/missing": return .init(status: 404, body: Array("no".utf8))
    default: return .text("\(request.method) \(request.uri)")
    }
  }

  private struct Denying: CapabilityPolicy {
    let capability: String

    func mayUse(skill: String, capability: String, effect: Effect, requester: String) async -> Bool {
      capability != self.capability
    }
  }

  /// What a gate answers, with `PORT` in all texts replaced by the server's.
  private struct Asker {
    let server: TestHTTPServer
    var effect = Effect.write
    var scopes = [
      "http:GET http://127.0.0.1:PORT/*", "http:POST http://127.0.0.1:PORT/*", "http:GET http://self.example:PORT/*",
      "http:GET http://other.example:PORT/*", "secret:weather",
    ]
    var privateHosts = ["127.0.0.1:PORT", "self.example:PORT", "other.example:PORT"]
    var addresses = ["127.0.0.1"]
    var secretURLs = ["http://127.0.0.1:PORT/*"]
    var policy: any CapabilityPolicy = OpenPolicy()
    var deadline: Duration = .seconds(60)
    let records = Recorder<CapabilityRecord>()

    func callAsFunction(_ json: String) async -> (status: Int32, body: String) {
      do {
        return try await answer(json)
      } catch {
        return (-1, "the test itself is wrong: \(error)")
      }
    }

    private func answer(_ json: String) async throws -> (status: Int32, body: String) {
      func here(_ text: String) -> String { text.replacing("PORT", with: "\(server.port)") }
      var services = CapabilityServices(store: MemoryStore(), policy: policy)
      services.observe = { records.add($0) }
      services.privateHosts = Set(try privateHosts.map { try PrivateHost(here($0)) })
      try services.secrets.add(Secret("s3cr3t-token"), as: "weather", for: secretURLs.map(here))
      let found = addresses.compactMap { IPAddress($0[...]) }
      let fetcher = HTTPFetcher(privateHosts: services.privateHosts) { _ throws(CapabilityError) in found }
      let gate = CapabilityGate(services, fetcher: fetcher, clock: .system)
      let grant = CallGrant(
        skill: "org.example", build: "ab", tool: "t", effect: effect,
        scopes: Set(try scopes.map { try Scope(parsing: here($0)) }), requester: "playground:alice", requestID: RequestID(),
        deadline: .now + deadline)
      let answer = await gate.answer(CapabilityQuestion(name: "http.fetch", json: Array(here(json).utf8)), under: grant)
      return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }
  }

  private func run(_ body: (Asker) async throws -> Void) async throws {
    try await TestHTTPServer.run(Self.answer) { server in try await body(Asker(server: server)) }
  }

  @Test(
    "what is allowed is fetched",
    arguments: [
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/x?q=%2e"}"#, #""body":"GET /x?q=%2E""#),
      (#"{"method":"POST","url":"http://127.0.0.1:PORT/echo","body":"héllo"}"#, "héllo"),
      (#"{"method":"POST","url":"http://127.0.0.1:PORT/echo","body_base64":"aGk="}"#, "hi"),
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/echo","headers":{"X-Own":"1"}}"#, "X-Own: 1"),
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/binary"}"#, #""body_base64":"/wD+""#),
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/missing"}"#, #""status":404"#),
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/relative"}"#, "Host: 127.0.0.1:PORT"),
      (#"{"method":"GET","url":"http://self.example:PORT/echo"}"#, "Host: self.example:PORT"),
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/a/../b"}"#, "GET /b"),
      (#"{"method":"GET","url":"http://127.0.0.1:PORT/longest"}"#, #""status":200"#),
    ])
  func fetches(_ json: String, _ words: String) async throws {
    try await run { ask in
      let answer = await ask(json)
      #expect(answer.status == OC_OK, "\(answer.body)")
      #expect(answer.body.contains(words.replacing("PORT", with: "\(ask.server.port)")), "\(answer.body.prefix(500))")
      #expect(ask.records.all.map(\.outcome) == [.ok])
      #expect(ask.records.all.first?.target?.hasSuffix(":\(ask.server.port)") == true)
    }
  }

  @Test(
    "what no scope allows is denied before anything is sent",
    arguments: [
      #"{"method":"PUT","url":"http://127.0.0.1:PORT/x"}"#, #"{"method":"GET","url":"https://127.0.0.1:PORT/x"}"#,
      #"{"method":"GET","url":"http://127.0.0.1/x"}"#, #"{"method":"GET","url":"http://evil.example:PORT/x"}"#,
      #"{"method":"HEAD","url":"http://127.0.0.1:PORT/x"}"#,
    ])
  func outsideScope(_ json: String) async throws {
    try await run { ask in
      #expect(await ask(json).status == OC_DENIED)
      #expect(ask.server.requests.isEmpty)
      #expect(ask.records.all.map(\.outcome) == [.denied])
    }
  }

  @Test("a read tool may only look, whatever it declares")
  func readTool() async throws {
    try await run { ask in
      var ask = ask
      ask.effect = .read
      #expect(await ask(#"{"method":"POST","url":"http://127.0.0.1:PORT/x","body":""}"#).status == OC_DENIED)
      #expect(await ask(#"{"method":"GET","url":"http://127.0.0.1:PORT/x"}"#).status == OC_OK)
      #expect(ask.server.requests.map(\.method) == ["GET"])
    }
  }

  @Test("without policy's word nothing is sent", arguments: ["http.fetch", "secret.use"])
  func policy(_ capability: String) async throws {
    try await run { ask in
      var ask = ask
      ask.policy = Denying(capability: capability)
      let json = #"{"method":"GET","url":"http://127.0.0.1:PORT/x","secrets":{"Authorization":"{weather}"}}"#
      #expect(await ask(json).status == OC_DENIED)
      #expect(ask.server.requests.isEmpty)
    }
  }

  @Test(
    "one private address among those of a name is enough to refuse it",
    arguments: [
      ["127.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["2606:4700::1", "::1"], ["::ffff:127.0.0.1"], ["169.254.169.254"], ["fd00::1"],
      ["64:ff9b::a00:1"],
    ])
  func privateNames(_ addresses: [String]) async throws {
    try await run { ask in
      var ask = ask
      ask.addresses = addresses
      ask.privateHosts = []
      let answer = await ask(#"{"method":"GET","url":"http://self.example:PORT/x"}"#)
      #expect(answer.status == OC_DENIED)
      #expect(answer.body.contains("allow_private"))
      #expect(ask.server.requests.isEmpty)
    }
  }

  @Test(
    "a private address itself is refused, even with a scope",
    arguments: ["127.0.0.1", "0.0.0.0", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]"])
  func privateAddresses(_ host: String) async throws {
    try await run { ask in
      var ask = ask
      ask.privateHosts = []
      ask.scopes = ["http:GET http://\(host):PORT/*"]
      #expect(await ask(#"{"method":"GET","url":"http://\#(host):PORT/x"}"#).status == OC_DENIED)
      #expect(ask.server.requests.isEmpty)
    }
  }

  @Test("a name without an address, and a port where nobody listens, are unavailable")
  func unreachable() async throws {
    try await run { ask in
      var ask = ask
      ask.addresses = []
      #expect(await ask(#"{"method":"GET","url":"http://self.example:PORT/x"}"#).status == OC_UNAVAILABLE)
      ask.scopes = ["http:GET http://127.0.0.1:9/*"]
      ask.privateHosts = ["127.0.0.1:9"]
      #expect(await ask(#"{"method":"GET","url":"http://127.0.0.1:9/x"}"#).status == OC_UNAVAILABLE)
    }
  }

  @Test(
    "a redirect is a request like the first",
    arguments: [("/metadata", OC_DENIED), ("/outside", OC_DENIED), ("/odd", OC_DENIED), ("/loop", OC_UNAVAILABLE)])
  func redirects(_ path: String, _ status: Int32) async throws {
    try await run { ask in
      var ask = ask
      ask.scopes = [path, "/echo"].map { "http:GET http://127.0.0.1:PORT\($0)" }
      #expect(await ask(#"{"method":"GET","url":"http://127.0.0.1:PORT\#(path)"}"#).status == status)
      #expect(ask.server.requests.count == (path == "/loop" ? HTTPFetcher.mostRedirects + 1 : 1))
    }
  }

  @Test("a redirect keeps or changes the method as browsers do")
  func redirectMethods() async throws {
    try await run { ask in
      let other = await ask(#"{"method":"POST","url":"http://127.0.0.1:PORT/see-other","body":"payload"}"#)
      #expect(other.status == OC_OK && !other.body.contains("payload"))
      let same = await ask(#"{"method":"POST","url":"http://127.0.0.1:PORT/same-method","body":"payload"}"#)
      #expect(same.status == OC_OK && same.body.contains("payload"))
      #expect(ask.server.requests.map(\.method) == ["POST", "GET", "POST", "POST"])
    }
  }

  @Test("an answer has a limit of size", arguments: ["/long", "/headers"])
  func tooLarge(_ path: String) async throws {
    try await run { ask in
      #expect(await ask(#"{"method":"GET","url":"http://127.0.0.1:PORT\#(path)"}"#).status == OC_TOO_LARGE)
    }
  }

  @Test("an answer that never ends is given up with the call")
  func endless() async throws {
    try await run { ask in
      var ask = ask
      ask.deadline = .milliseconds(300)
      #expect(await ask(#"{"method":"GET","url":"http://127.0.0.1:PORT/endless"}"#).status == OC_DEADLINE)
      #expect(ask.records.all.map(\.outcome) == [.deadline])
    }
  }

  @Test(
    "a malformed request is a bad argument",
    arguments: [
      #"{"url":"http://127.0.0.1:PORT/"}"#, #"{"method":"GET"}"#, #"{"method":"TRACE","url":"http://127.0.0.1:PORT/"}"#,
      #"{"method":"get","url":"http://127.0.0.1:PORT/"}"#, #"{"method":"GET","url":"http://127.0.0.1:PORT/","more":1}"#,
      #"{"method":"GET","url":"http://user@127.0.0.1:PORT/"}"#, #"{"method":"GET","url":"http://2130706433:PORT/"}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","body":"x"}"#, #"{"method":"GET","url":"file:///etc/passwd"}"#,
      #"{"method":"POST","url":"http://127.0.0.1:PORT/","body":"x","body_base64":"eA=="}"#,
      #"{"method":"POST","url":"http://127.0.0.1:PORT/","body_base64":"?"}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"X":"a\r\nY: b"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"X":"a\u0000"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"X\r\nY":"a"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"X Y":"a"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"":"a"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"host":"b.example"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"Content-Length":"1"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"Transfer-Encoding":"chunked"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"Connection":"upgrade"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"Proxy-Authorization":"x"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"X-A":"1","x-a":"2"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":["X"]}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","secrets":{"Authorization":"no name"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","secrets":{"Authorization":"{weather"}}"#,
      #"{"method":"GET","url":"http://127.0.0.1:PORT/","headers":{"Range":"bytes=0-1"},"secrets":{"A":"{weather}"}}"#,
    ])
  func malformed(_ json: String) async throws {
    try await run { ask in
      #expect(await ask(json).status == OC_BAD_ARGUMENT)
      #expect(ask.server.requests.isEmpty)
    }
  }

  @Test("a secret is sent, and is taken out of what comes back")
  func secret() async throws {
    try await run { ask in
      let answer = await ask(
        #"{"method":"GET","url":"http://127.0.0.1:PORT/echo","secrets":{"Authorization":"Bearer {weather}"}}"#)
      #expect(answer.status == OC_OK)
      #expect(answer.body.contains("Authorization: Bearer [secret]"), "\(answer.body)")
      #expect(answer.body.contains(#""x-echo":"Bearer [secret]""#))
      #expect(!answer.body.contains("s3cr3t"))
      #expect(ask.server.requests.first?.headers.first(name: "Authorization") == "Bearer s3cr3t-token")
      #expect(!"\(ask.records.all)".contains("s3cr3t"))
    }
  }

  @Test("a secret stays where it may be: other places, tools and names are denied")
  func secretElsewhere() async throws {
    try await run { ask in
      let json = #"{"method":"GET","url":"http://127.0.0.1:PORT/echo","secrets":{"Authorization":"{weather}"}}"#
      var ask = ask
      ask.secretURLs = ["http://127.0.0.1:PORT/v1/*"]
      #expect(await ask(json).status == OC_DENIED)
      ask.secretURLs = []
      #expect(await ask(json).status == OC_DENIED)
      ask.secretURLs = ["http://127.0.0.1:PORT/*"]
      ask.scopes = ["http:GET http://127.0.0.1:PORT/*", "secret:other"]
      #expect(await ask(json).status == OC_DENIED)
      #expect(await ask(json.replacing("{weather}", with: "{other}")).status == OC_NOT_FOUND)
      #expect(ask.server.requests.isEmpty)
    }
  }

  @Test("a redirect to another origin, or out of a secret's own places, leaves the secret behind")
  func secretAfterRedirect() async throws {
    try await run { ask in
      let elsewhere = await ask(
        #"{"method":"GET","url":"http://127.0.0.1:PORT/elsewhere","headers":{"X-Port":"PORT"},"secrets":{"X-Key":"{weather}"}}"#)
      #expect(elsewhere.status == OC_OK)
      var ask = ask
      ask.secretURLs = ["http://127.0.0.1:PORT/relative"]
      let outside = await ask(#"{"method":"GET","url":"http://127.0.0.1:PORT/relative","secrets":{"X-Key":"{weather}"}}"#)
      #expect(outside.status == OC_OK)
      #expect(ask.server.requests.map { $0.headers.contains(name: "X-Key") } == [true, false, true, false])
    }
  }

  @Test(
    "a skill can sign with a secret that it cannot read",
    arguments: [
      ("sha256", "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
      ("sha1", "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"),
    ])
  func signs(_ hash: String, _ expected: String) async throws {
    var services = CapabilityServices(store: MemoryStore(), policy: OpenPolicy())
    try services.secrets.add(Secret("key"), as: "k", for: [])
    let gate = CapabilityGate(services, clock: .system)
    func ask(_ json: String, _ scope: Scope = .secret("k")) async -> CapabilityAnswer {
      let grant = CallGrant(
        skill: "org.example", build: "ab", tool: "t", effect: .read, scopes: [scope], requester: "a:b", requestID: RequestID())
      return await gate.answer(CapabilityQuestion(name: "secret.use", json: Array(json.utf8)), under: grant)
    }
    let json = #"{"name":"k","hmac":"\#(hash)","text":"The quick brown fox jumps over the lazy dog"}"#
    #expect(String(decoding: await ask(json).body, as: UTF8.self) == #"{"hex":"\#(expected)"}"#)
    #expect(await ask(json, .secret("other")).status == OC_DENIED)
    #expect(await ask(#"{"name":"k","hmac":"md5","text":""}"#).status == OC_BAD_ARGUMENT)
    #expect(await ask(#"{"name":"k"}"#).status == OC_BAD_ARGUMENT)
  }
}

import Core
import Crypto
import Foundation
import Testing

@testable import AdapterOneBot

@Suite("OneBot credentials")
struct OneBotCredentialTests {
  static func channel(secret: String? = nil, token: String? = nil, maximumAge: Duration = .seconds(120)) throws -> OneBotChannel {
    let configuration = try OneBotConfiguration(
      name: "napcat", secrets: secret.map { [Secret($0)] } ?? [], accessTokens: token.map { [Secret($0)] } ?? [],
      maximumAge: maximumAge)
    return OneBotChannel(configuration, accounts: OneBotAccounts())
  }

  @Test("of a POST are judged as the vector says", arguments: Vectors.cases("onebot-hmac"))
  func signature(_ vector: VectorCase) throws {
    let secret = try vector.text("secret")
    let channel = try Self.channel(secret: secret.isEmpty ? nil : secret)
    var headers: [String: String] = [:]
    headers["x-signature"] = vector["header"]?.string
    // Without a secret only this machine is let in.
    let address = secret.isEmpty ? "127.0.0.1" : "203.0.113.7"
    let request = WebhookRequest(
      headers: headers, body: try vector.body(), remoteAddress: address, receivedAt: Timestamp(seconds: 1_780_000_000))
    if vector["valid"] == true {
      #expect(try channel.authenticate(request) == .verified)
    } else {
      let refusal = #expect(throws: Refusal.self) { try channel.authenticate(request) }
      #expect(refusal.map { Int64($0.status) } == vector["httpStatusIfInvalid"]?.integer)
      #expect(refusal?.code == (refusal?.status == 401 ? "signature_missing" : "signature_invalid"))
    }
  }

  @Test("may be two while they are being rotated")
  func rotation() throws {
    let channel = OneBotChannel(
      try OneBotConfiguration(
        name: "napcat", secrets: [Secret("newer"), Secret("older")], accessTokens: [Secret("t-newer"), Secret("t-older")]),
      accounts: OneBotAccounts())
    for (key, isKnown) in [("newer", true), ("older", true), ("oldest", false)] {
      let body = Array("{}".utf8)
      let code = HMAC<Insecure.SHA1>.authenticationCode(for: body, using: SymmetricKey(data: Array(key.utf8)))
      let signature = "sha1=" + code.hexadecimal
      let request = WebhookRequest(
        headers: ["x-signature": signature], body: body, remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 0))
      #expect(((try? channel.authenticate(request)) == .verified) == isKnown)
      let upgrade = SocketRequest(
        headers: ["authorization": "Bearer t-\(key)", "x-self-id": "1"], endpoint: "", query: [:], remoteAddress: "203.0.113.7")
      #expect(((try? channel.session(for: upgrade)) != nil) == isKnown)
    }
  }

  @Test(
    "are not needed on this machine, and nowhere else left out",
    arguments: [
      ("127.0.0.1", true), ("127.8.9.1", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
      ("127.0.0.1.example.com", false), ("127.0.0", false), ("127.0.0.999", false), ("", false), ("::ffff:10.0.0.1", false),
      ("::", false), ("0.0.0.0", false),
    ])
  func loopback(address: String, isLocal: Bool) throws {
    let channel = try Self.channel()
    let post = WebhookRequest(headers: [:], body: [], remoteAddress: address, receivedAt: Timestamp(seconds: 0))
    let upgrade = SocketRequest(headers: ["x-self-id": "10001"], endpoint: "", query: [:], remoteAddress: address)
    if isLocal {
      #expect(try channel.authenticate(post) == .verified)
      _ = try channel.session(for: upgrade)
    } else {
      #expect(#expect(throws: Refusal.self) { try channel.authenticate(post) }?.code == "loopback_only")
      #expect(#expect(throws: Refusal.self) { try channel.session(for: upgrade) }?.code == "loopback_only")
    }
  }

  struct Upgrade: Sendable {
    var headers: [String: String]
    var query: [String: String] = [:]
    var endpoint = ""
    var code: String?
    var status = 0
  }

  @Test(
    "of a socket are accepted in every dialect and refused with the right status",
    arguments: [
      Upgrade(headers: ["authorization": "Bearer tok"]), Upgrade(headers: ["authorization": "bearer tok"]),
      Upgrade(headers: ["authorization": "Token tok"]), Upgrade(headers: ["authorization": "TOKEN  tok "]),
      Upgrade(headers: [:], query: ["access_token": "tok"]),
      Upgrade(headers: ["authorization": "Bearer "], query: ["access_token": "tok"]),
      Upgrade(headers: [:], code: "token_missing", status: 401),
      Upgrade(headers: ["authorization": "Bearer "], code: "token_missing", status: 401),
      Upgrade(headers: ["authorization": "Basic dG9r"], code: "token_missing", status: 401),
      Upgrade(headers: [:], query: ["access_token": ""], code: "token_missing", status: 401),
      Upgrade(headers: ["authorization": "Bearer tok2"], code: "token_invalid", status: 403),
      Upgrade(headers: ["authorization": "Bearer tox"], query: ["access_token": "tok"], code: "token_invalid", status: 403),
      Upgrade(headers: ["authorization": "Bearer tok", "x-self-id": ""], code: "self_id_missing", status: 400),
      Upgrade(headers: ["authorization": "Bearer tok", "x-self-id": "bot"], code: "self_id_missing", status: 400),
      Upgrade(headers: ["authorization": "Bearer tok", "x-self-id": "-5"], code: "self_id_missing", status: 400),
      Upgrade(headers: ["authorization": "Bearer tok", "x-client-role": "Api"]),
      Upgrade(headers: ["authorization": "Bearer tok", "x-client-role": "UNIVERSAL"], endpoint: "event"),
      Upgrade(headers: ["authorization": "Bearer tok", "x-client-role": "admin"], code: "role_invalid", status: 400),
      Upgrade(headers: ["authorization": "Bearer tok"], endpoint: "nowhere", code: "endpoint_unknown", status: 404),
    ])
  func upgrade(_ upgrade: Upgrade) throws {
    let channel = try Self.channel(token: "tok")
    let request = SocketRequest(
      headers: upgrade.headers.merging(["x-self-id": "10001"]) { given, _ in given }, endpoint: upgrade.endpoint,
      query: upgrade.query, remoteAddress: "203.0.113.7")
    if let code = upgrade.code {
      let refusal = #expect(throws: Refusal.self) { try channel.session(for: request) }
      #expect(refusal?.code == code)
      #expect(refusal?.status == upgrade.status)
    } else {
      _ = try channel.session(for: request)
    }
  }

  @Test("header and path decide what a socket is for")
  func roles() throws {
    #expect(try OneBotRole(header: nil, endpoint: "") == .universal)
    #expect(try OneBotRole(header: nil, endpoint: "api") == .api)
    #expect(try OneBotRole(header: nil, endpoint: "event") == .event)
    #expect(try OneBotRole(header: "Event", endpoint: "") == .event)
  }

  @Test("must not be empty, and the API's base must be a URL")
  func configuration() throws {
    #expect(
      #expect(throws: OneBotConfigurationError.self) { try OneBotConfiguration(name: "n", secrets: [Secret("")]) }?.setting
        == "secret")
    #expect(
      #expect(throws: OneBotConfigurationError.self) { try OneBotConfiguration(name: "n", accessTokens: [Secret("")]) }?.setting
        == "access_token")
    #expect(
      #expect(throws: OneBotConfigurationError.self) { try OneBotConfiguration(name: "n", apiBase: "localhost:3000") }?.setting
        == "api_base")
    #expect(try OneBotConfiguration(name: "n", apiBase: "http://127.0.0.1:3000/").apiBase == "http://127.0.0.1:3000")
  }
}

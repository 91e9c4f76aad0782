import Core
import Foundation
import Testing

@testable import AdapterQQ

@Suite("QQ webhook signatures")
struct QQSignatureTests {
  static func channel(
    secrets: [String], appID: String = "11111111", freshness: Duration = .seconds(300), acceptUnsigned: Bool = false,
    botUserID: String? = nil
  ) throws -> QQChannel {
    QQChannel(
      try QQConfiguration(
        name: "main", appID: appID, secrets: secrets.map { Secret($0) }, freshness: freshness,
        acceptUnsignedValidation: acceptUnsigned, botUserID: botUserID))
  }

  /// The request of a case, received at the time the case names or else at the signed time.
  static func request(_ vector: VectorCase) throws -> WebhookRequest {
    let headers = try #require(vector["headers"]?.object)
    let lowered = Dictionary(
      headers.map { ($0.key.lowercased(), $0.value.string ?? "") }, uniquingKeysWith: { first, _ in first })
    let signed = lowered["x-signature-timestamp"].flatMap { Int64($0) } ?? 1_780_000_000
    return WebhookRequest(
      headers: lowered, body: try vector.body(), remoteAddress: "203.0.113.7",
      receivedAt: Timestamp(seconds: vector["nowUnixSeconds"]?.integer ?? signed))
  }

  @Test("derives seed and public key from the secret's bytes", arguments: Vectors.cases("qq-webhook-signatures", "seeds"))
  func seeds(_ vector: VectorCase) throws {
    let secret = Secret(try vector.text("secret"))
    #expect(try #require(QQSigningKey.seed(of: secret)).hexadecimal == vector["seedHex"]?.string)
    #expect(try #require(QQSigningKey(secret: secret)).publicKeyBytes.hexadecimal == vector["publicKeyHex"]?.string)
  }

  @Test("alone decide as the vector says", arguments: Vectors.cases("qq-webhook-signatures", "verify"))
  func signatureAlone(_ vector: VectorCase) throws {
    let request = try Self.request(vector)
    let key = try #require(QQSigningKey(secret: Secret(try vector.text("secret"))))
    let isValid =
      request.headers["x-signature-ed25519"].flatMap(QQSignature.init(hexadecimal:)).map { signature in
        key.isValid(signature, timestamp: request.headers["x-signature-timestamp"] ?? "", body: request.body)
      } ?? false
    #expect(isValid == ((vector["ed25519AloneSays"] ?? vector["expect"]) == "valid"))
  }

  @Test("are refused in the layer that the vector names", arguments: Vectors.cases("qq-webhook-signatures", "verify"))
  func authenticate(_ vector: VectorCase) throws {
    let tolerance = vector["toleranceSeconds"]?.integer ?? 300
    let channel = try Self.channel(
      secrets: [try vector.text("secret")], appID: vector["configuredAppid"]?.string ?? "11111111",
      freshness: .seconds(tolerance))
    let request = try Self.request(vector)
    let refusal: Refusal?
    do {
      let authentication = try channel.authenticate(request)
      #expect(authentication == .verified)
      refusal = nil
    } catch {
      refusal = error
    }
    switch (try vector.text("expect"), try vector.text("layer")) {
    case ("valid", _) where request.body.isEmpty: #expect(refusal?.code == "body_invalid")
    case ("valid", _): #expect(refusal == nil)
    case ("stale", _): #expect(refusal?.code == "stale")
    case (_, "crypto"):
      #expect(["signature_missing", "signature_invalid"].contains(refusal?.code))
      #expect(refusal?.status == 401)
    case (_, "format"): #expect(["timestamp_invalid", "body_invalid"].contains(refusal?.code))
    default: #expect(refusal?.code == "app_id_mismatch")
    }
  }

  @Test("of both secrets are accepted during a rotation, of a third one never")
  func rotation() throws {
    let vector = try #require(Vectors.cases("qq-webhook-signatures", "verify").first { $0.name == "own-utf8-emoji" })
    let secret = try vector.text("secret")
    let request = try Self.request(vector)
    #expect(try Self.channel(secrets: ["newer", secret]).authenticate(request) == .verified)
    #expect(try Self.channel(secrets: [secret, "older"]).authenticate(request) == .verified)
    let refusal = #expect(throws: Refusal.self) { try Self.channel(secrets: ["newer", "older"]).authenticate(request) }
    #expect(refusal?.code == "signature_invalid")
  }

  @Test(
    "stay fresh up to the tolerance in both directions",
    arguments: [(-301, false), (-300, true), (0, true), (300, true), (301, false)])
  func freshness(offset: Int64, isFresh: Bool) throws {
    let vector = try #require(Vectors.cases("qq-webhook-signatures", "verify").first { $0.name == "fresh-inside-window" })
    let signed = try Self.request(vector)
    let request = WebhookRequest(
      headers: signed.headers, body: signed.body, remoteAddress: signed.remoteAddress,
      receivedAt: Timestamp(seconds: 1_780_000_000 + offset))
    let channel = try Self.channel(secrets: [try vector.text("secret")])
    #expect((try? channel.authenticate(request)) == (isFresh ? .verified : nil))
  }

  @Test("whose time does not fit 64 bits are stale, not fatal")
  func hugeTimestamp() throws {
    let request = WebhookRequest(
      headers: [
        "x-bot-appid": "11111111", "x-signature-timestamp": "99999999999999999999",
        "x-signature-ed25519": String(repeating: "0", count: 128),
      ], body: Array("{}".utf8), remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: .max))
    let refusal = #expect(throws: Refusal.self) { try Self.channel(secrets: ["x"]).authenticate(request) }
    #expect(refusal?.code == "stale")
  }

  @Test("a request without any signature is refused unless validations are open, and then reaches op 13 only")
  func unsigned() throws {
    let body = Array(#"{"op":0,"t":"C2C_MESSAGE_CREATE","d":{}}"#.utf8)
    let request = WebhookRequest(
      headers: ["x-bot-appid": "11111111"], body: body, remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 0))
    let refusal = #expect(throws: Refusal.self) { try Self.channel(secrets: ["x"]).authenticate(request) }
    #expect(refusal == Refusal(status: 401, code: "signature_missing", message: refusal?.message ?? ""))

    let open = try Self.channel(secrets: ["x"], acceptUnsigned: true)
    #expect(try open.authenticate(request) == .unsigned)
    for document: JSON in [try JSON(parsing: body), ["op": 1, "d": 7], ["op": "13"], ["d": .null], []] {
      let refusal = #expect(throws: Refusal.self) {
        try open.interpret(document, of: request, authentication: .unsigned, requestID: RequestID())
      }
      #expect(refusal?.code == "signature_missing")
    }
  }

  @Test(
    "one of the two headers alone is refused even while validations are open",
    arguments: [["x-signature-timestamp": "1780000000"], ["x-signature-ed25519": String(repeating: "0", count: 128)]])
  func halfSigned(headers: [String: String]) throws {
    let request = WebhookRequest(
      headers: headers.merging(["x-bot-appid": "11111111"]) { first, _ in first }, body: Array("{}".utf8),
      remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 1_780_000_000))
    let refusal = #expect(throws: Refusal.self) { try Self.channel(secrets: ["x"], acceptUnsigned: true).authenticate(request) }
    #expect(refusal?.code == "signature_missing")
  }
}

@Suite("QQ URL validation")
struct QQURLValidationTests {
  @Test("answers exactly what the vector says", arguments: Vectors.cases("qq-webhook-signatures", "validation"))
  func answers(_ vector: VectorCase) throws {
    let channel = try QQSignatureTests.channel(secrets: [try vector.text("secret")], acceptUnsigned: true)
    let body = Array(try vector.text("requestBody").utf8)
    let request = WebhookRequest(
      headers: ["x-bot-appid": "11111111"], body: body, remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 0))
    let authentication = try channel.authenticate(request)
    let document = try JSON(parsing: body)
    guard vector["expectStatus"] == 200 else {
      let refusal = #expect(throws: Refusal.self) {
        try channel.interpret(document, of: request, authentication: authentication, requestID: RequestID())
      }
      #expect(refusal?.status == 400)
      return
    }
    let result = try channel.interpret(document, of: request, authentication: authentication, requestID: RequestID())
    guard case .control(let answer) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(answer == WebhookAnswer(status: 200, body: vector["expectResponse"]))
  }

  @Test("answers a signed question with the key that signed it")
  func rotation() throws {
    let questions = Vectors.cases("qq-webhook-signatures", "validation")
    let vector = try #require(questions.first { $0.name == "own-32" })
    let secret = try vector.text("secret")
    // A validation's own signature is over other bytes than the request's, so the request is signed here.
    let token = "1780000000"
    let key = try #require(QQSigningKey(secret: Secret(secret)))
    let body = Array(try vector.text("requestBody").utf8)
    let signature = try QQTestSigner.sign(timestamp: token, body: body, secret: secret)
    #expect(key.isValid(try #require(QQSignature(hexadecimal: signature)), timestamp: token, body: body))
    let channel = try QQSignatureTests.channel(secrets: ["newer", secret])
    let request = WebhookRequest(
      headers: ["x-bot-appid": "11111111", "x-signature-timestamp": token, "x-signature-ed25519": signature], body: body,
      remoteAddress: "203.0.113.7", receivedAt: Timestamp(seconds: 1_780_000_000))
    #expect(try channel.authenticate(request) == .verified)
    let result = try channel.interpret(try JSON(parsing: body), of: request, authentication: .verified, requestID: RequestID())
    guard case .control(let answer) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(answer?.body == vector["expectResponse"])
  }

  @Test("never signs what the published demonstration needs for a forged event")
  func oracle() throws {
    let demonstration = try #require(Vectors.document("qq-webhook-signatures")?["signingOracleDemonstration"])
    let secret = try #require(demonstration["secret"]?.string)
    let body = try #require(demonstration["body"]?.string)
    let headers = try #require(demonstration["headers"])
    let timestamp = try #require(headers["X-Signature-Timestamp"]?.string)
    let signature = try #require(headers["X-Signature-Ed25519"]?.string.flatMap(QQSignature.init(hexadecimal:)))
    // The demonstration holds: this signature, had we ever given it out, would make the forged body an event.
    let key = try #require(QQSigningKey(secret: Secret(secret)))
    #expect(key.isValid(signature, timestamp: timestamp, body: Array(body.utf8)))
    #expect(throws: QQPayloadError.self) {
      try QQURLValidation(parsing: ["plain_token": .string(body), "event_ts": .string(timestamp)])
    }
  }
}

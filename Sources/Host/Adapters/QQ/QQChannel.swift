package import Core

/// The webhook of one official bot: proves who sent a request and reads what it says.
package struct QQChannel: WebhookChannel {
  private let configuration: QQConfiguration

  package init(_ configuration: QQConfiguration) {
    self.configuration = configuration
  }

  package var name: String { configuration.name }

  /// The callback acknowledgement, op 12.
  package var acknowledgement: WebhookAnswer {
    WebhookAnswer(status: 200, body: ["op": 12, "d": 0])
  }

  /// Checks, cheapest first: app id, presence and shape of the signature headers, freshness, the signature itself.
  ///
  /// Returns `.unsigned` only for requests without any signature header while unsigned URL validations are accepted.
  /// - Throws: 401 `signature_missing`, `signature_invalid`, `timestamp_invalid` or `stale`; 403 `app_id_mismatch`;
  ///   400 `body_invalid`.
  package func authenticate(_ request: WebhookRequest) throws(Refusal) -> Authentication {
    guard request.headers["x-bot-appid"] == configuration.appID else {
      throw Refusal(
        status: 403, code: "app_id_mismatch",
        message: "X-Bot-Appid does not name the bot of this channel; check app_id and the callback URL")
    }
    let signatureText = request.headers["x-signature-ed25519"]
    let timestamp = request.headers["x-signature-timestamp"]
    if signatureText == nil, timestamp == nil, configuration.acceptUnsignedValidation { return .unsigned }
    guard let signatureText, let timestamp else { throw Self.signatureMissing }
    // Timestamp and body are signed without a separator: only the shape of both fixes where one ends and the other begins.
    guard QQTime.isUnixSeconds(timestamp) else {
      throw Refusal(status: 401, code: "timestamp_invalid", message: "X-Signature-Timestamp must be 1 to 20 decimal digits")
    }
    guard request.body.first == UInt8(ascii: "{") else {
      throw Refusal(status: 400, code: "body_invalid", message: "the body must be a JSON object and start with '{'")
    }
    guard let signature = QQSignature(hexadecimal: signatureText) else { throw Self.signatureInvalid }
    guard isFresh(timestamp, at: request.receivedAt) else {
      throw Refusal(
        status: 401, code: "stale", message: "the signed time is too far from this server's time; check the clock of this machine"
      )
    }
    guard configuration.keys.contains(where: { $0.isValid(signature, timestamp: timestamp, body: request.body) }) else {
      throw Self.signatureInvalid
    }
    return .verified
  }

  /// - Throws: 401 `signature_missing` for anything unsigned but a URL validation; 400 `payload_invalid` when a member that we
  ///   need is missing or of the wrong type.
  package func interpret(
    _ document: JSON, of request: WebhookRequest, authentication: Authentication, requestID: RequestID
  ) throws(Refusal) -> Interpretation {
    let payload: QQPayload
    if authentication == .unsigned, document["op"] != 13 { throw Self.signatureMissing }
    do {
      payload = try QQPayload(parsing: document, botUserID: configuration.botUserID)
    } catch {
      throw Refusal(status: 400, code: "payload_invalid", message: error.description)
    }
    switch payload {
    case .control(.urlValidation(let validation)):
      return .control(try answer(to: validation, in: request))
    case .control(.heartbeatRequest(let data)):
      return .control(WebhookAnswer(status: 200, body: ["op": 11, "d": data]))
    case .control(.unknown): return .ignored(type: Interpretation.unknownType)
    case .control: return .ignored(type: "gateway_control")
    default:
      return payload.interpretation(
        channel: name, appID: configuration.appID, requestID: requestID, receivedAt: request.receivedAt)
    }
  }

  private func isFresh(_ timestamp: String, at now: Timestamp) -> Bool {
    guard let seconds = Int64(timestamp) else { return false }
    let age = now.since(Timestamp(seconds: seconds))
    return (age < .zero ? .zero - age : age) <= configuration.freshness
  }

  /// Signs with the key that signed the question, so that a rotation may be under way on either side.
  private func answer(to validation: QQURLValidation, in request: WebhookRequest) throws(Refusal) -> WebhookAnswer {
    let signature = request.headers["x-signature-ed25519"].flatMap(QQSignature.init(hexadecimal:))
    let timestamp = request.headers["x-signature-timestamp"]
    let asker = configuration.keys.first { key in
      guard let signature, let timestamp else { return false }
      return key.isValid(signature, timestamp: timestamp, body: request.body)
    }
    guard let key = asker ?? configuration.keys.first, let body = validation.answer(signedWith: key) else {
      throw Refusal(status: 500, code: "signing_failed", message: "the validation could not be signed")
    }
    return WebhookAnswer(status: 200, body: body)
  }

  private static let signatureMissing = Refusal(
    status: 401, code: "signature_missing", message: "X-Signature-Ed25519 and X-Signature-Timestamp are required")
  private static let signatureInvalid = Refusal(
    status: 401, code: "signature_invalid", message: "the signature does not belong to this request; check the bot secret")
}

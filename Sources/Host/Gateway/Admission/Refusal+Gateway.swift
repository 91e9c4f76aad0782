import Core

/// Every refusal that the gateway itself makes. Channels add their own for signatures and event shapes.
extension Refusal {
  static func methodNotAllowed(_ allowed: String) -> Refusal {
    Refusal(status: 405, code: "method_not_allowed", message: "This path takes \(allowed) only.")
  }

  static let notFound = Refusal(status: 404, code: "not_found", message: "There is nothing at this path.")

  static let unknownChannel = Refusal(
    status: 404, code: "unknown_channel", message: "No channel of this name is configured for this path.")

  static func bodyTooLarge(limit: Int) -> Refusal {
    Refusal(status: 413, code: "body_too_large", message: "The body may have \(limit) bytes at most.")
  }

  static let unsupportedMediaType = Refusal(
    status: 415, code: "unsupported_media_type", message: "Send the event as application/json, in UTF-8.")

  static let contentEncodingUnsupported = Refusal(
    status: 415, code: "content_encoding_unsupported", message: "Send the body without Content-Encoding.")

  static let malformedHTTP = Refusal(
    status: 400, code: "http_malformed", message: "The bytes are not a well-formed HTTP/1.1 request.")

  static let missingHost = Refusal(status: 400, code: "http_malformed", message: "HTTP/1.1 needs exactly one Host header.")

  static let headersTooLarge = Refusal(
    status: 431, code: "headers_too_large", message: "The header section exceeds the limit of this server.")

  static let requestTimeout = Refusal(
    status: 408, code: "request_timeout", message: "The request did not arrive completely within the time limit.")

  static let expectationFailed = Refusal(
    status: 417, code: "expectation_failed", message: "The only expectation known here is 100-continue.")

  static let upgradeRequired = Refusal(
    status: 426, code: "upgrade_required",
    message: "This path speaks WebSocket; ask for the upgrade in the first request of a connection.")

  static func handshakeInvalid(_ what: String) -> Refusal {
    Refusal(status: 400, code: "handshake_invalid", message: what)
  }

  static let loopbackOnly = Refusal(
    status: 403, code: "loopback_only", message: "This path answers only clients on this machine that call it by a loopback name."
  )

  static let tooManyPipelined = Refusal(
    status: 429, code: "pipeline_too_long", message: "Too many requests on this connection wait for their answers.", retryAfter: 1
  )

  /// Never sent: the connection is closed.
  static let tooManyConnections = Refusal(
    status: 429, code: "too_many_connections", message: "This address has too many connections open.")

  /// Never sent: there is no connection to send it on.
  static let handshakeFailed = Refusal(
    status: 400, code: "tls_failed", message: "The TLS handshake failed or took too long.")

  static let bodiesFull = Refusal(
    status: 503, code: "bodies_full", message: "Too many bodies are being read at the moment; send it again.", retryAfter: 1)

  static let draining = Refusal(
    status: 503, code: "draining", message: "The server is shutting down; send it again.", retryAfter: 5)

  static let internalError = Refusal(
    status: 500, code: "internal_error", message: "The request failed; the log has the reason under this request id.")

  static func json(_ error: JSONError) -> Refusal {
    Refusal(status: 400, code: error.code.rawValue, message: "The body is not acceptable JSON: \(error).")
  }

  static func notAnObject(_ document: JSON) -> Refusal {
    Refusal(status: 400, code: "event_invalid", message: "An event is a JSON object, not \(document.typeName).")
  }

  static func rateLimited(_ kind: EventRates.Kind, microseconds: Int64) -> Refusal {
    let seconds = Int((microseconds + 999_999) / 1_000_000)
    return Refusal(
      status: 429, code: "rate_limited_\(kind.rawValue)", message: kind.tooMany,
      retryAfter: max(1, seconds))
  }

  /// The journal's own text goes into the log only: it may name files and hosts.
  static func journal(_ error: JournalError) -> Refusal {
    let message =
      switch error.code {
      case .full: "The queue is full; send it again."
      case .conversationFull: "Too many events of this chat wait already; send it again."
      case .unavailable: "Events cannot be stored at the moment; send it again."
      }
    return Refusal(status: 503, code: error.code.rawValue, message: message, retryAfter: error.code == .full ? 1 : 5)
  }

  /// `{"error":{"code","message","request_id"}}`.
  func body(_ requestID: RequestID) -> JSON {
    ["error": ["code": .string(code), "message": .string(message), "request_id": .string(requestID.description)]]
  }
}

extension EventRates.Kind {
  fileprivate var tooMany: String {
    switch self {
    case .sender, .group, .channel: "Too many messages from this \(rawValue)."
    case .address: "Too many requests from this address that do not prove who sends them."
    }
  }
}

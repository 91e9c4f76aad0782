import AdapterHTTP
package import AsyncHTTPClient
package import Core
import Foundation

/// Sends text through the official API.
///
/// Give the client a connect time-out well below 10 s and no retries of its own: then "nothing was sent" is told apart from
/// "no answer came".
package struct QQDeliverer: Deliverer {
  private let configuration: QQConfiguration
  private let http: QQHTTP
  private let tokens: QQTokenProvider

  /// Time for one attempt at sending.
  private static let sendLimit: Duration = .seconds(10)
  /// A second attempt, with another token, starts only if it can end within the 30 s that a delivery may take.
  private static let latestSecondAttempt: Duration = .seconds(6)

  package init(
    _ configuration: QQConfiguration, client: HTTPClient, wallClock: WallClock = .system,
    clock: any Clock<Duration> = ContinuousClock()
  ) {
    self.configuration = configuration
    http = QQHTTP(client: client)
    tokens = QQTokenProvider(configuration: configuration, http: http, wallClock: wallClock, clock: clock)
  }

  /// The platform recognises a repeated (`msg_id`, `msg_seq`). Where it cannot, in guilds and for messages that answer nothing,
  /// an unknown outcome is reported as `giveUp` with code `outcome_unknown`, so that nothing is said twice.
  package var recognisesRepeats: Bool { true }

  /// The platform's published limits for replies; the five minutes of groups count from the message's receipt.
  package var rules: SendingRules {
    SendingRules(
      textLimit: 2000,
      replies: [
        .private: .init(replies: 4, window: .seconds(3600)), .group: .init(replies: 5, window: .seconds(300)),
        .guild: .init(replies: nil, window: .seconds(300)), .guildPrivate: .init(replies: nil, window: .seconds(300)),
      ])
  }

  /// Sends one message. Ends within 30 s. Codes are the platform's, or `not_reachable`, `no_answer`, `outcome_unknown`,
  /// `http_<status>`, `token_unreachable`, `token_unreadable`.
  package func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt {
    let start = ContinuousClock.now
    let first = try await attempt(message)
    guard case .tokenRefused(let code, let token) = first else { return try first.receipt() }
    await tokens.drop(token)
    guard ContinuousClock.now - start < Self.latestSecondAttempt else {
      throw DeliveryError(.retry(after: nil), code: code, message: "the access token was refused")
    }
    let second = try await attempt(message)
    if case .tokenRefused(let code, let token) = second {
      await tokens.drop(token)
      throw DeliveryError(
        .giveUp, code: code, message: "a fresh access token was refused too; check app_id, secret and IP allow-list")
    }
    return try second.receipt()
  }

  private enum Attempt {
    case done(DeliveryReceipt)
    case failed(DeliveryError)
    case tokenRefused(code: String, Secret)

    func receipt() throws(DeliveryError) -> DeliveryReceipt {
      switch self {
      case .done(let receipt): return receipt
      case .failed(let error): throw error
      case .tokenRefused(let code, _): throw DeliveryError(.giveUp, code: code, message: "the access token was refused")
      }
    }
  }

  private func attempt(_ message: OutboundMessage) async throws(DeliveryError) -> Attempt {
    let token = try await tokens.token()
    let request = QQSendRequest(message)
    let outcome: QQSendOutcome
    do {
      let answer = try await http.post(
        request.body, to: configuration.apiBase + request.path, headers: [("Authorization", "QQBot \(token.reveal())")],
        limit: Self.sendLimit)
      outcome = QQSendOutcome(answer)
    } catch {
      switch error {
      case .notSent:
        return .failed(DeliveryError(.retry(after: nil), code: "not_reachable", message: "no connection to the platform"))
      case .noAnswer:
        outcome = .failed(DeliveryError(.ambiguous, code: "no_answer", message: "the platform did not answer in time"))
      }
    }
    switch outcome {
    case .delivered(let receipt): return .done(receipt)
    case .tokenRefused(let code): return .tokenRefused(code: code, token)
    case .failed(let error) where error.advice == .ambiguous && !request.isRepeatable:
      return .failed(
        DeliveryError(
          .giveUp, code: "outcome_unknown",
          message: "\(error.message); it may have been sent, and the platform would not recognise a repeat"))
    case .failed(let error): return .failed(error)
    }
  }
}

/// One message as the platform wants it.
struct QQSendRequest: Sendable, Equatable {
  /// Below the API's base.
  let path: String
  let body: JSON
  /// Whether sending it twice shows it once.
  let isRepeatable: Bool

  init(_ message: OutboundMessage) {
    let scene = message.conversation.scene
    path = Self.path(for: scene)
    var body: [String: JSON] = ["content": .string(Self.plain(message.content.text, in: scene.kind))]
    if let answered = message.answers { body["msg_id"] = .string(answered.messageID) }
    switch scene.kind {
    case .group, .private:
      body["msg_type"] = 0
      if message.answers != nil { body["msg_seq"] = .integer(Int64(message.sequence)) }
      isRepeatable = message.answers != nil
    case .guild, .guildPrivate: isRepeatable = false
    }
    self.body = .object(body)
  }

  /// Where messages to `scene` are posted.
  static func path(for scene: Scene) -> String {
    let id = escaped(scene.id)
    return switch scene.kind {
    case .private: "/v2/users/\(id)/messages"
    case .group: "/v2/groups/\(id)/messages"
    case .guild: "/channels/\(id)/messages"
    case .guildPrivate: "/dms/\(id)/messages"
    }
  }

  /// Ids are opaque; one path segment must stay one.
  private static func escaped(_ id: String) -> String {
    id.utf8.map { byte in
      byte.isDecimalDigit || byte.isASCIILetter || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        ? String(Unicode.Scalar(byte)) : String(format: "%%%02X", byte)
    }.joined()
  }

  /// The text with every `<` that could open a tag replaced by its full-width form: what we repeat of somebody's words
  /// must not become a mention or a button. A `<` before a space or a digit opens nothing and stays.
  static func plain(_ text: String, in kind: Scene.Kind) -> String {
    var scalars = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      let opensTag = scalar == "<" && rest.first.map { !($0.properties.isWhitespace || ("0"..."9").contains($0)) } ?? false
      scalars.append(opensTag ? "\u{ff1c}" : scalar)
    }
    let plain = String(scalars)
    // Guilds also read this bare word as a call to all.
    return kind == .guild ? plain.replacing("@everyone", with: "\u{ff20}everyone") : plain
  }
}

import AdapterHTTP
package import AsyncHTTPClient
package import Core
import NIOHTTP1

/// Sends messages through the official API.
///
/// Give the client a connect time-out well below 10 s and no retries of its own: then "nothing was sent" is told apart from
/// "no answer came".
package struct QQDeliverer: Deliverer {
  private let api: QQAPI
  private let files: QQFiles

  package init(
    _ configuration: QQConfiguration, client: HTTPClient, wallClock: WallClock = .system,
    clock: any Clock<Duration> = ContinuousClock(), status: ChannelStatus = .unobserved
  ) {
    self.init(QQBot(configuration, client: client, wallClock: wallClock, clock: clock, status: status))
  }

  /// - Parameter bot: whose token is used; share it with the bot's gateway connection.
  package init(_ bot: QQBot) {
    api = bot.api
    files = QQFiles(api: bot.api, wallClock: bot.wallClock, clock: bot.clock)
  }

  /// The platform recognises a repeated (`msg_id`, `msg_seq`). Where it cannot, in guilds, for answers to events and for
  /// messages that answer nothing, an unknown outcome is reported as `giveUp` with code `outcome_unknown`, so that nothing is
  /// said twice.
  package var recognisesRepeats: Bool { true }

  package var rules: SendingRules { api.configuration.sending.rules }

  /// Sends one message, or takes one back. Ends within 30 s, with media within 2 min. Codes are the platform's, or `not_reachable`, `no_answer`,
  /// `outcome_unknown`, `out_of_time`, `too_long`, `http_<status>`, `token_unreachable`, `token_unreadable`, `upload_…`.
  package func deliver(_ message: OutboundMessage) async throws(DeliveryError) -> DeliveryReceipt {
    guard case .message(let content) = message.content else {
      return try await send(QQSendRequest(message), within: QQDeadline())
    }
    let deadline = QQDeadline(withMedia: content.media != nil)
    var form = try Self.form(of: content)
    var mayUploadAgain = true
    while true {
      do throws(DeliveryError) {
        let kind = message.conversation.scene.kind
        let media = form == .full && !kind.isGuild ? content.media : nil
        var fileInfo: String?
        if let media { fileInfo = try await files.fileInfo(for: media, to: message.conversation.scene, within: deadline) }
        return try await send(QQSendRequest(message, form: form, fileInfo: fileInfo), within: deadline)
      } catch {
        if error.code == Self.badFileInfo, mayUploadAgain, let media = content.media {
          mayUploadAgain = false
          await files.forget(media, of: message.conversation.scene)
          continue
        }
        guard let next = form.next(after: error.code, of: content) else { throw error }
        form = next
      }
    }
  }

  private static let badFileInfo = "304080"

  private static func form(of content: MessageContent) throws(DeliveryError) -> QQMessageForm {
    guard content.text.unicodeScalars.count <= QQSendingLimits.textLimit else {
      throw DeliveryError(
        .giveUp, code: "too_long",
        message: "the text has more than \(QQSendingLimits.textLimit) characters; it must be split before it is sent")
    }
    let markdown = content.markdown?.unicodeScalars.count ?? 0
    return markdown <= QQSendingLimits.textLimit ? .full : .plain
  }

  private func send(_ request: QQSendRequest, within deadline: QQDeadline) async throws(DeliveryError) -> DeliveryReceipt {
    do throws(DeliveryError) {
      let answer = try await api.call(request.method, request.path, body: request.payload, within: deadline)
      return try QQSendOutcome(answer, isRecall: request.method == .DELETE).receipt()
    } catch {
      guard error.advice == .ambiguous, !request.isRepeatable else { throw error }
      throw DeliveryError(
        .giveUp, code: "outcome_unknown",
        message: "\(error.message); it may have been sent, and the platform would not recognise a repeat")
    }
  }
}

extension QQDeliverer {
  /// Sends what is worth something only now. That it did not arrive is no harm.
  func sign(_ method: HTTPMethod, _ path: String, _ body: JSON) async {
    _ = try? await withDeadline(.seconds(9)) { [api] in try await api.call(method, path, body: .json(body)) }
  }
}

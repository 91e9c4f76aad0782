import Core

extension PlaygroundAnswer {
  /// Reads an HTTP answer.
  ///
  /// - Parameters:
  ///   - retryAfter: the header `Retry-After`.
  ///   - read: makes the value out of the body of a 200; nil when the body is not what it should be.
  /// - Throws: `PlaygroundError` when the other side does not talk like an OpenClaw service, or is out of order.
  init(
    status: Int, retryAfter: String?, body: some Sequence<UInt8>, read: (JSON) -> Value?
  ) throws(PlaygroundError) {
    let json = try? JSON(parsing: body)
    if status == 200 {
      guard let value = json.flatMap(read) else {
        throw PlaygroundError(reason: "what answers there does not speak like an OpenClaw service")
      }
      self = .done(value)
      return
    }
    if status == 429 || status == 503, let seconds = retryAfter.flatMap(Int64.init) {
      self = .busy(retryAfter: .seconds(min(max(seconds, 1), 60)))
      return
    }
    guard let error = json?["error"], let code = error["code"]?.string, let message = error["message"]?.string else {
      throw PlaygroundError(reason: "it answered with HTTP status \(status)")
    }
    let refusal = PlaygroundRefusal(code: code, message: message, requestID: error["request_id"]?.string)
    if status == 404 || status >= 500 { throw PlaygroundError(reason: "\(refusal)") }
    self = .refused(refusal)
  }
}

extension Receipt {
  init?(_ json: JSON) {
    guard json["ok"] == true, let id = json["message_id"]?.string else { return nil }
    messageID = id
  }
}

extension Page {
  init?(_ json: JSON) {
    guard let list = json["messages"]?.array, let last = json["last"]?.integer else { return nil }
    var messages: [Message] = []
    for element in list {
      guard let text = element["text"]?.string else { return nil }
      messages.append(Message(text: text, answers: element["answers"]?.string))
    }
    self.init(messages: messages, last: last, settled: json["settled"]?.bool ?? false)
  }
}

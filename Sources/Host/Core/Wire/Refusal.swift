/// Why an inbound message was turned away: an HTTP status, a stable machine code and one line for people.
package struct Refusal: Error, Sendable, Equatable {
  /// HTTP status of the answer.
  package let status: Int
  /// Stable machine code, `snake_case`; also the label of the refusal counter.
  package let code: String
  /// One line: what was wrong and how to mend it. Never contains a secret or message text.
  package let message: String
  /// For 429 and 503: seconds after which another try makes sense.
  package let retryAfter: Int?

  package init(status: Int, code: String, message: String, retryAfter: Int? = nil) {
    self.status = status
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }
}

import Core
import NIOCore
import NIOHTTP1

/// A complete answer, before it is bound to a request.
struct HTTPAnswer: Sendable {
  var status: Int
  var headers: [(name: String, value: String)] = []
  var contentType: String?
  var body: [UInt8] = []

  init(status: Int, json: JSON?) {
    self.status = status
    if let json {
      contentType = "application/json"
      body = json.canonicalBytes
    }
  }

  init(status: Int, text: String, contentType: String) {
    self.status = status
    self.contentType = contentType
    self.body = Array(text.utf8)
  }

  init(_ answer: WebhookAnswer) {
    self.init(status: answer.status, json: answer.body)
  }

  init(_ refusal: Refusal, requestID: RequestID) {
    self.init(status: refusal.status, json: refusal.body(requestID))
    if let seconds = refusal.retryAfter { headers.append(("Retry-After", String(seconds))) }
  }

  /// The head that goes with it. `closing`: the connection ends after this answer.
  func head(version: HTTPVersion, requestID: RequestID, date: String, closing: Bool) -> HTTPResponseHead {
    var fields = HTTPHeaders()
    fields.reserveCapacity(5 + headers.count)
    fields.add(name: "Date", value: date)
    fields.add(name: "X-Request-Id", value: requestID.description)
    if let contentType { fields.add(name: "Content-Type", value: contentType) }
    fields.add(name: "Content-Length", value: String(body.count))
    for (name, value) in headers { fields.add(name: name, value: value) }
    if closing {
      fields.add(name: "Connection", value: "close")
    } else if version == .http1_0 {
      fields.add(name: "Connection", value: "keep-alive")
    }
    return HTTPResponseHead(version: version, status: HTTPResponseStatus(statusCode: status), headers: fields)
  }
}

import TestSupport

extension Request {
  static func post(
    to path: String = "/qq/webhook/main", token: String? = "good", type: String? = "application/json",
    headers: [String] = [], _ body: String
  ) -> [UInt8] {
    post(to: path, token: token, type: type, headers: headers, bytes: Array(body.utf8))
  }

  static func post(
    to path: String = "/qq/webhook/main", token: String? = "good", type: String? = "application/json",
    headers: [String] = [], bytes: [UInt8]
  ) -> [UInt8] {
    var lines = ["POST \(path) HTTP/1.1", "Host: localhost", "Content-Length: \(bytes.count)"]
    if let token { lines.append("X-Token: \(token)") }
    if let type { lines.append("Content-Type: \(type)") }
    return head(lines + headers) + bytes
  }

  static func event(_ id: String, sender: String? = nil, group: String? = nil) -> String {
    var members = ["\"type\":\"event\"", "\"id\":\"\(id)\""]
    if let sender { members.append("\"sender\":\"\(sender)\"") }
    if let group { members.append("\"group\":\"\(group)\"") }
    return "{\(members.joined(separator: ","))}"
  }
}

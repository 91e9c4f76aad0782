import AdapterHTTP
import Core
import Foundation

/// A file in a multipart form, beside the members of a message.
struct QQFormFile: Sendable, Equatable {
  let field: String
  let name: String
  let bytes: [UInt8]

  func form(with members: JSON) -> JSONClient.Body {
    let boundary = "openclaw-" + UUID().uuidString
    var form: [UInt8] = []
    for (key, value) in (members.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      let text = value.string ?? value.canonical
      form += Array("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(key)\"\r\n\r\n\(text)\r\n".utf8)
    }
    // A name that could end its quotes, or the line, is replaced.
    let isSafe = name.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 < 0x7f }
    let head =
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"\(isSafe ? name : "file")\"\r\n"
    form += Array((head + "Content-Type: application/octet-stream\r\n\r\n").utf8)
    form += bytes
    form += Array("\r\n--\(boundary)--\r\n".utf8)
    return JSONClient.Body(type: "multipart/form-data; boundary=\(boundary)", bytes: form)
  }
}

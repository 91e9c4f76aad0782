import AdapterHTTP
import Core
import Crypto
import Foundation
import NIOHTTP1

/// One upload of media for a group or a private chat: by URL, inside the request, or in parts.
struct QQUpload: Sendable {
  struct File: Sendable {
    let info: String
    /// Zero: it does not end.
    let lifetime: Duration
  }

  let media: MessageContent.Media
  let scene: Scene
  let api: QQAPI
  let clock: any Clock<Duration>
  let deadline: QQDeadline

  /// - Throws: a failure never leaves anything in the chat, so an unknown outcome may be tried again.
  func run() async throws(DeliveryError) -> File {
    var members: [String: JSON] = ["file_type": .integer(fileType), "srv_send_msg": false]
    if media.kind == .file { members["file_name"] = .string(media.name ?? "file") }
    switch media.source {
    case .url(let url): members["url"] = .string(url)
    case .bytes(let bytes):
      guard bytes.count <= sizeLimit else {
        throw DeliveryError(
          .giveUp, code: Self.tooLarge, message: "the \(media.kind.rawValue) is larger than \(sizeLimit >> 20) MiB")
      }
      if bytes.count <= QQFiles.inlineLimit {
        members["file_data"] = .string(Data(bytes).base64EncodedString())
      } else {
        members["upload_id"] = .string(try await uploadParts(of: bytes))
      }
    }
    let answer = try await post("files", .object(members))
    guard let info = answer["file_info"]?.string, (1...8192).contains(info.utf8.count) else { throw Self.unreadable }
    return File(info: info, lifetime: .seconds(min(max(answer["ttl"]?.integer ?? 0, 0), 86_400 * 365)))
  }

  /// The platform's own code for this.
  private static let tooLarge = "850031"
  private static let unreadable = DeliveryError(
    .retry(after: nil), code: "upload_unreadable", message: "the answer to an upload lacks what the next step needs")

  private var fileType: Int64 {
    switch media.kind {
    case .image: 1
    case .video: 2
    case .voice: 3
    case .file: 4
    }
  }

  private var sizeLimit: Int {
    switch media.kind {
    case .image, .voice: 20 << 20
    case .video: 30 << 20
    case .file: 200 << 20
    }
  }

  // MARK: - In parts

  private func uploadParts(of bytes: [UInt8]) async throws(DeliveryError) -> String {
    let digests = await QQFileDigests(of: bytes)
    let answer = try await post(
      "upload_prepare",
      [
        "file_type": .integer(fileType), "file_size": .string(String(bytes.count)), "file_name": .string(media.name ?? "file"),
        "md5": .string(digests.md5), "sha1": .string(digests.sha1), "md5_10m": .string(digests.md5OfHead),
      ])
    guard let plan = QQUploadPlan(parsing: answer, size: bytes.count, isSecure: api.configuration.apiBase.hasPrefix("https:"))
    else { throw Self.unreadable }
    for part in plan.parts {
      let slice = Array(bytes[part.range])
      try await put(slice, to: part.url)
      try await finish(part, of: plan, md5: QQFileDigests.hexadecimal(Insecure.MD5.hash(data: slice)))
    }
    return plan.uploadID
  }

  private func put(_ bytes: [UInt8], to url: String) async throws(DeliveryError) {
    try deadline.checkStart()
    let limit = try deadline.share(of: .seconds(20))
    let body = JSONClient.Body(type: "application/octet-stream", bytes: bytes)
    guard let answer = try? await api.http.send(.PUT, body: body, to: url, limit: limit) else {
      throw DeliveryError(.retry(after: nil), code: "upload_unreachable", message: "the storage of the platform did not answer")
    }
    guard (200..<300).contains(answer.status) else {
      throw DeliveryError(
        .retry(after: nil), code: "upload_http_\(answer.status)",
        message: "the storage of the platform answered HTTP \(answer.status)")
    }
  }

  /// Tells that a part is there; while the platform does not see it yet, again each second.
  private func finish(_ part: QQUploadPlan.Part, of plan: QQUploadPlan, md5: String) async throws(DeliveryError) {
    let body: JSON = [
      "upload_id": .string(plan.uploadID), "part_index": .integer(part.index), "block_size": .integer(Int64(part.range.count)),
      "md5": .string(md5),
    ]
    var left = plan.patience
    while true {
      do throws(DeliveryError) {
        _ = try await post("upload_part_finish", body)
        return
      } catch {
        guard error.code == "40093001", left > 0 else { throw error }
        left -= 1
      }
      do {
        try await clock.sleep(for: .seconds(1))
      } catch {
        throw DeliveryError(.retry(after: nil), code: "cancelled", message: "the upload was cancelled")
      }
    }
  }

  private func post(_ name: String, _ body: JSON) async throws(DeliveryError) -> JSON {
    let messages = QQSendRequest.path(for: scene)
    let path = String(messages.dropLast("messages".count)) + name
    do throws(DeliveryError) {
      let answer = try await api.call(.POST, path, body: .json(body), within: deadline)
      if (200..<300).contains(answer.status), answer.errorCode ?? 0 == 0 { return answer.body ?? [:] }
      _ = try QQSendOutcome(answer).receipt()
      throw Self.unreadable
    } catch {
      guard error.advice == .ambiguous else { throw error }
      throw DeliveryError(.retry(after: nil), code: error.code, message: error.message)
    }
  }
}

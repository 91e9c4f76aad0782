import Core
import Crypto
import Foundation

/// What was uploaded and may be used again, for targets of the same kind.
struct QQFileCache {
  struct Key: Hashable {
    let scene: Scene.Kind
    let kind: MessageContent.Media.Kind
    let name: String?
    /// The URL, or the SHA-256 of the bytes.
    let source: String

    init(_ media: MessageContent.Media, _ scene: Scene.Kind) {
      self.scene = scene
      kind = media.kind
      name = media.name
      source =
        switch media.source {
        case .url(let url): url
        case .bytes(let bytes): "sha256:" + Data(SHA256.hash(data: bytes)).base64EncodedString()
        }
    }
  }

  /// Uploads that are remembered; beyond it the one that ends first is forgotten.
  static let limit = 256
  /// Of files that last long or for ever: how long we believe it.
  static let longest: Duration = .seconds(86_400)

  private var entries: [Key: (info: String, expires: Timestamp)] = [:]

  var count: Int { entries.count }

  func info(for key: Key, at now: Timestamp) -> String? {
    guard let entry = entries[key], entry.expires > now else { return nil }
    return entry.info
  }

  /// - Parameter lifetime: zero: it does not end.
  mutating func store(_ info: String, for key: Key, lifetime: Duration, at now: Timestamp) {
    let lasts = lifetime == .zero ? Self.longest : min(lifetime, Self.longest)
    // A message must arrive before its file ends.
    entries[key] = (info, now.advanced(by: max(lasts - .seconds(60), lasts / 2)))
    if entries.count > Self.limit, let first = entries.min(by: { $0.value.expires < $1.value.expires })?.key {
      entries[first] = nil
    }
  }

  mutating func forget(_ key: Key) { entries[key] = nil }
}

import Core

/// Where the parts of an upload go.
struct QQUploadPlan: Sendable, Equatable {
  struct Part: Sendable, Equatable {
    /// As the platform counts.
    let index: Int64
    let url: String
    let range: Range<Int>
  }

  let uploadID: String
  let parts: [Part]
  /// How often a part that is not seen yet is told again, a second apart.
  let patience: Int

  static let partLimit = 1000

  /// Nil unless the parts cover the file exactly and go to HTTP URLs.
  init?(parsing answer: JSON, size: Int, isSecure: Bool) {
    guard let uploadID = answer.identifier("upload_id"), let entries = answer["parts"]?.array,
      (1...Self.partLimit).contains(entries.count)
    else { return nil }
    let common = answer["block_size"].flatMap(Self.number)
    var parts: [Part] = []
    var start = 0
    let sorted = entries.sorted { ($0["index"]?.integer ?? 0) < ($1["index"]?.integer ?? 0) }
    for entry in sorted {
      guard let index = entry["index"]?.integer, let url = entry["presigned_url"]?.string,
        url.hasPrefix("https://") || (!isSecure && url.hasPrefix("http://")),
        let block = entry["block_size"].flatMap(Self.number) ?? common, block > 0, start < size
      else { return nil }
      let end = min(start + min(block, size), size)
      parts.append(Part(index: index, url: url, range: start..<end))
      start = end
    }
    guard start == size else { return nil }
    self.uploadID = uploadID
    self.parts = parts
    let timeout = answer["upload_config"]?["retry_timeout"].flatMap(Self.number) ?? 10
    patience = min(max(timeout, 1), 15)
  }

  /// Sizes come as numbers or as digits.
  private static func number(_ value: JSON) -> Int? {
    value.integer.flatMap(Int.init(exactly:)) ?? value.string.flatMap { Int($0) }
  }
}

import Crypto
import Foundation

/// The check sums that the platform wants of a file.
struct QQFileDigests: Sendable, Equatable {
  let md5: String
  let sha1: String
  /// Of the first 10,002,432 bytes.
  let md5OfHead: String

  private static let head = 10_002_432
  private static let step = 1 << 20

  /// Gives other tasks their turn after each MiB.
  init(of bytes: [UInt8]) async {
    var md5 = Insecure.MD5()
    var sha1 = Insecure.SHA1()
    var md5OfHead = Insecure.MD5()
    for start in stride(from: 0, to: bytes.count, by: Self.step) {
      let slice = bytes[start..<min(start + Self.step, bytes.count)]
      md5.update(data: slice)
      sha1.update(data: slice)
      md5OfHead.update(data: bytes[start..<max(start, min(start + Self.step, bytes.count, Self.head))])
      await Task.yield()
    }
    self.md5 = Self.hexadecimal(md5.finalize())
    self.sha1 = Self.hexadecimal(sha1.finalize())
    self.md5OfHead = Self.hexadecimal(md5OfHead.finalize())
  }

  static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
    digest.map { String(format: "%02x", $0) }.joined()
  }
}

import Crypto

/// Who signed an image. The signature stands at the end of the file, so that one file is still all there is to drop:
///
///     offset   bytes   what
///     0        4       format and flags: "OCS1" is the only one
///     4        32      Ed25519 public key of the signer
///     36       64      Ed25519 signature over `prefix` and the SHA-256 of everything before this trailer
///     100      12      "OPENCLAW-SIG"
///
/// There is one trailer at most: signing again replaces it. The hash of an image is that of the whole file, trailer included.
struct SkillSignature: Sendable, Equatable {
  /// Bytes of the trailer.
  static let size = 112
  private static let format = Array("OCS1".utf8)
  private static let mark = Array("OPENCLAW-SIG".utf8)
  /// Keeps a signature from meaning anything elsewhere.
  private static let prefix = Array("openclaw skill signature v1\0".utf8)

  let key: SkillPublicKey

  /// Bytes of `image` before the trailer; all of them when there is none.
  static func contentSize(of image: UnsafeRawBufferPointer) -> Int {
    hasMark(image[...]) ? image.count - size : image.count
  }

  /// The signature of a complete image, verified; nil when it carries none.
  ///
  /// - Throws: `badSignature` for one that does not hold, whatever the operator demands: it was meant to prove something.
  static func read(_ image: UnsafeRawBufferPointer) throws(SkillRefusal) -> SkillSignature? {
    guard hasMark(image[...]) else { return nil }
    let content = image[..<(image.count - size)]
    let trailer = Array(image[content.endIndex...])
    guard Array(trailer[..<4]) == format else {
      throw SkillRefusal(.badSignature, "the signature has a format that this host does not know: sign it with this version")
    }
    guard !hasMark(content) else {
      throw SkillRefusal(.badSignature, "the file carries two signatures, one is allowed: sign the unsigned file")
    }
    guard let key = SkillPublicKey(bytes: Array(trailer[4..<36])), key.isValid(Array(trailer[36..<100]), for: message(content))
    else {
      throw SkillRefusal(
        .badSignature, "the signature does not fit the file: it was changed after signing; sign it again or fetch it anew")
    }
    return SkillSignature(key: key)
  }

  /// The trailer for `content`, which carries none.
  static func trailer(for content: Slice<UnsafeRawBufferPointer>, key: Curve25519.Signing.PrivateKey) throws -> [UInt8] {
    let signature = try key.signature(for: message(content))
    return format + SkillPublicKey(key.publicKey).bytes + Array(signature) + mark
  }

  /// Whether `rest`, which follows a complete library, can be the first bytes of a trailer that is still being copied.
  static func isBegun(by rest: [UInt8]) -> Bool {
    !rest.isEmpty && rest.count < size && rest.prefix(format.count).elementsEqual(format.prefix(rest.count))
  }

  private static func hasMark(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    bytes.count > size && bytes.suffix(mark.count).elementsEqual(mark)
  }

  private static func message(_ content: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
    prefix + SHA256.hash(data: UnsafeRawBufferPointer(rebasing: content))
  }
}

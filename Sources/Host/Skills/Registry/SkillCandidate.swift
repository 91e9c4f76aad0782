import Core

/// A file of the plug-in folder after reading: its own copy, checked without running any of it.
struct SkillCandidate: Sendable {
  let image: SkillImage
  let hash: String
  let manifest: SkillManifest
  /// Nil when the image is not signed.
  let signature: SkillSignature?

  enum Outcome: Sendable {
    /// The bytes are those already known.
    case unchanged
    case candidate(SkillCandidate)
    /// `hash` is nil when the file was not complete or could not be read.
    case refused(SkillRefusal, hash: String?)
  }

  /// Copies and checks a file. Blocks; for a thread that may.
  static func read(_ path: String, knownHash: String?, limits: SkillLimits) -> Outcome {
    var hash: String?
    do throws(SkillRefusal) {
      let image = try SkillImage.copy(path, maximumSize: limits.image)
      _ = try image.withBytes { bytes throws(SkillRefusal) in _ = try ELFImage(ImageBytes(bytes)) }
      let digest = try image.hash()
      hash = digest
      if digest == knownHash { return .unchanged }
      let (manifest, signature) = try image.withBytes { bytes throws(SkillRefusal) in
        (try SkillManifest(ofImage: ImageBytes(bytes)), try SkillSignature.read(bytes))
      }
      return .candidate(SkillCandidate(image: image, hash: digest, manifest: manifest, signature: signature))
    } catch {
      return .refused(error, hash: hash)
    }
  }
}

import Crypto
import Glibc

/// Puts signatures on files.
package enum SkillSigner {
  /// Signs the library in `file` and writes it to `output`, in one step: who looks sees the old file or the new one. A
  /// signature that was there is replaced. Blocks.
  ///
  /// - Throws: `notASkill` when the host would not load the file anyway.
  package static func sign(
    _ file: String, key: SkillSigningKey, output: String? = nil, limits: SkillLimits = SkillLimits()
  ) throws(ProvenanceError) {
    let image: SkillImage
    do throws(SkillRefusal) {
      image = try SkillImage.copy(file, maximumSize: limits.image)
    } catch {
      throw ProvenanceError(.unreadable, "cannot read \(file): \(error.message)")
    }
    let signed: [UInt8]
    do throws(SkillRefusal) {
      signed = try image.withBytes { bytes throws(SkillRefusal) in
        _ = try SkillManifest(ofImage: ImageBytes(bytes))
        let content = bytes[..<SkillSignature.contentSize(of: bytes)]
        guard let trailer = try? SkillSignature.trailer(for: content, key: key.key) else {
          throw SkillRefusal(.hostFailure, "the key cannot sign")
        }
        return Array(content) + trailer
      }
    } catch {
      throw ProvenanceError(.notASkill, "\(file) is not a skill: \(error.message)")
    }
    try replace(output ?? file, with: signed, modeOf: file)
  }

  /// Through a hidden file beside it, which no watcher of the folder looks at.
  private static func replace(_ path: String, with bytes: [UInt8], modeOf source: String) throws(ProvenanceError) {
    var status = stat()
    let mode = stat(source, &status) == 0 ? status.st_mode & 0o777 : 0o644
    let (folder, name) = split(path)
    let draft = "\(folder)/.\(name).\(getpid()).signing"
    guard let target = Descriptor(open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)) else {
      throw ProvenanceError(.notWritable, "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    guard fchmod(target.number, mode) == 0, (try? SmallFile.write(bytes, to: target)) != nil, fsync(target.number) == 0,
      rename(draft, path) == 0
    else {
      let reason = String(cString: strerror(errno))
      unlink(draft)
      throw ProvenanceError(.notWritable, "cannot write \(path): \(reason)")
    }
  }

  private static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    return (String(path[..<slash]), String(path[path.index(after: slash)...]))
  }
}

import Core
import Crypto
import Foundation
import Glibc

/// The secret half of a signer's key, kept in a file of its own: one line, `openclaw-skill-secret-key:` and 64 hexadecimal
/// digits, so that nobody takes it for a public key.
package struct SkillSigningKey: Sendable {
  private static let label = "openclaw-skill-secret-key:"
  private static let maximumFileSize = 4096

  let key: Curve25519.Signing.PrivateKey

  /// A new one.
  package init() {
    key = Curve25519.Signing.PrivateKey()
  }

  /// Reads one from its file, which nobody but its owner may be able to touch. Blocks.
  package init(file: String) throws(ProvenanceError) {
    let text = try Self.text(of: file, mustBePrivate: true)
    guard let key = Self.parse(text) else {
      throw ProvenanceError(.notAKey, "\(file) holds no secret key: make one with 'openclaw skill keygen'")
    }
    self.key = key
  }

  /// The half that others may know.
  package var publicKey: SkillPublicKey { SkillPublicKey(key.publicKey) }

  /// Writes it into a new file with mode 0600. Nothing is ever overwritten. Blocks.
  package func write(to file: String) throws(ProvenanceError) {
    guard let target = Descriptor(open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)) else {
      guard errno != EEXIST else { throw ProvenanceError(.exists, "\(file) is there already and is not overwritten") }
      throw ProvenanceError(.notWritable, "cannot write \(file): \(String(cString: strerror(errno)))")
    }
    let line = Array("\(Self.label)\(Array(key.rawRepresentation).hexadecimal)\n".utf8)
    guard fchmod(target.number, 0o600) == 0, (try? SmallFile.write(line, to: target)) != nil, fsync(target.number) == 0 else {
      let reason = String(cString: strerror(errno))
      unlink(file)
      throw ProvenanceError(.notWritable, "cannot write \(file): \(reason)")
    }
  }

  /// The public key that `text` is, or that the file of that name holds. A secret key's file stands for its public half. Blocks.
  package static func publicKey(_ text: String) throws(ProvenanceError) -> SkillPublicKey {
    if let key = SkillPublicKey(text) { return key }
    guard access(text, F_OK) == 0 else {
      throw ProvenanceError(.notAKey, "'\(text)' is neither a public key (64 lower-case hexadecimal digits) nor a file")
    }
    let content = try self.text(of: text, mustBePrivate: false)
    if let key = SkillPublicKey(content) { return key }
    if let key = parse(content) { return SkillPublicKey(key.publicKey) }
    throw ProvenanceError(.notAKey, "\(text) holds no key: one line with 64 lower-case hexadecimal digits is a public key")
  }

  private static func parse(_ text: String) -> Curve25519.Signing.PrivateKey? {
    guard text.hasPrefix(label), let bytes = [UInt8](hexadecimal: String(text.dropFirst(label.count))) else { return nil }
    return try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
  }

  /// The only line of a small file.
  private static func text(of file: String, mustBePrivate: Bool) throws(ProvenanceError) -> String {
    var status = stat()
    guard stat(file, &status) == 0 else {
      throw ProvenanceError(.unreadable, "cannot read \(file): \(String(cString: strerror(errno)))")
    }
    guard !mustBePrivate || status.st_mode & 0o077 == 0 else {
      throw ProvenanceError(.unreadable, "\(file) can be touched by other users: chmod 600 \(file)")
    }
    let bytes: [UInt8]?
    do throws(SmallFileError) {
      bytes = try SmallFile.read(file, maximumSize: maximumFileSize)
    } catch {
      throw ProvenanceError(.unreadable, "cannot read \(file): \(error.reason)")
    }
    guard let bytes, let text = String(validating: bytes, as: UTF8.self) else {
      throw ProvenanceError(.notAKey, "\(file) holds no key")
    }
    return text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

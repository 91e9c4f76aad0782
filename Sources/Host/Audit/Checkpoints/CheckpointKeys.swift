import Core
import Crypto
package import Foundation

/// Checks signed notes of one Ed25519 key: C2SP signed-note.
package struct CheckpointVerifier: Sendable, Equatable, CustomStringConvertible {
  /// The algorithm's byte in key ids and verifier keys.
  private static let algorithm: UInt8 = 1

  /// The key's name, which is the log's as well.
  package let name: String
  private let publicKey: Data

  init(name: String, publicKey: Data) {
    self.name = name
    self.publicKey = publicKey
  }

  /// Reads a verifier key, `<name>+<key id>+<base64>`; nil when it is none.
  package init?(_ text: String) {
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, !parts[0].isEmpty, let key = Data(base64Encoded: parts[2]), key.count == 33,
      key.first == Self.algorithm
    else { return nil }
    self.init(name: parts[0], publicKey: Data(key.dropFirst()))
    guard description == text else { return nil }
  }

  /// The verifier key, for people to keep and for other programs to check with.
  package var description: String {
    "\(name)+\(id.hexadecimal)+\((Data([Self.algorithm]) + publicKey).base64EncodedString())"
  }

  /// The first four bytes of the key's hash.
  var id: Data {
    Data(SHA256.hash(data: Data(name.utf8) + Data([0x0a, Self.algorithm]) + publicKey).prefix(4))
  }

  /// The checkpoint of a note that this key signed; nil for anything else, a second signature included: whatever could be changed in
  /// a note unnoticed must not be in it.
  package func checkpoint(in note: String) -> Checkpoint? {
    guard let checkpoint = Checkpoint.unverified(note), checkpoint.origin == name else { return nil }
    let mark = "\(checkpoint.text)\n— \(name) "
    guard note.hasPrefix(mark), note.hasSuffix("\n") else { return nil }
    let encoded = String(note.dropFirst(mark.count).dropLast())
    guard let bytes = Data(base64Encoded: encoded), bytes.base64EncodedString() == encoded, bytes.prefix(4) == id,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey),
      key.isValidSignature(Data(bytes.dropFirst(4)), for: Data(checkpoint.text.utf8))
    else { return nil }
    return checkpoint
  }
}

/// Signs checkpoints of this installation's log.
package struct CheckpointSigner: Sendable {
  private let key: Curve25519.Signing.PrivateKey
  /// For everybody else.
  package let verifier: CheckpointVerifier

  /// - Parameter seed: 32 secret bytes.
  /// - Throws: when the seed has another length.
  package init(seed: Data) throws {
    key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    let publicKey = key.publicKey.rawRepresentation
    verifier = CheckpointVerifier(
      name: "openclaw-audit-\(SHA256.hash(data: publicKey).prefix(4).hexadecimal)", publicKey: publicKey)
  }

  /// A signed note: what the tree is now.
  func sign(_ tree: CompactRange) throws -> String {
    let text = Checkpoint(origin: verifier.name, size: tree.size, root: tree.root).text
    let signature = verifier.id + (try key.signature(for: Data(text.utf8)))
    return "\(text)\n— \(verifier.name) \(signature.base64EncodedString())\n"
  }
}

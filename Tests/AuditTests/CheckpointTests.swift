import Core
import Foundation
import Testing

@testable import Audit

@Suite("Checkpoints")
struct CheckpointTests {
  private let signer: CheckpointSigner
  private let tree: CompactRange

  init() throws {
    signer = try CheckpointSigner(seed: Data(repeating: 3, count: 32))
    var tree = CompactRange()
    for index in 0..<5 as Range<UInt8> { tree.append(Data(repeating: index, count: 32)) }
    self.tree = tree
  }

  @Test("key ids are those of the signed-note format")
  func keyID() {
    // The example of the format's first implementation.
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    #expect(CheckpointVerifier(text)?.description == text)
    #expect(CheckpointVerifier(text.replacing("c74f20a3", with: "c74f20a4")) == nil)
    #expect(CheckpointVerifier(signer.verifier.description) == signer.verifier)
  }

  @Test("a note has the log's name, its size and its root, a blank line and one signature, and is read back")
  func note() throws {
    let note = try signer.sign(tree)
    let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 6)
    #expect(lines[0] == signer.verifier.name && lines[1] == "5" && lines[3] == "" && lines[5] == "")
    #expect(Data(base64Encoded: String(lines[2])) == tree.root)
    #expect(lines[4].hasPrefix("— \(signer.verifier.name) "))
    #expect(signer.verifier.checkpoint(in: note) == Checkpoint(origin: signer.verifier.name, size: 5, root: tree.root))
    let other = try CheckpointSigner(seed: Data(repeating: 4, count: 32))
    #expect(other.verifier.checkpoint(in: note) == nil)
  }

  @Test("no byte of a note can be changed, added or left out")
  func everyByte() throws {
    let note = Array(try signer.sign(tree).utf8)
    for position in note.indices {
      for change in [1, 0x20, 0x80] as [UInt8] {
        var changed = note
        changed[position] ^= change
        guard let text = String(validating: changed, as: UTF8.self) else { continue }
        #expect(signer.verifier.checkpoint(in: text) == nil, "byte \(position)")
      }
      var shorter = note
      shorter.remove(at: position)
      if let text = String(validating: shorter, as: UTF8.self) { #expect(signer.verifier.checkpoint(in: text) == nil) }
    }
    let text = String(decoding: note, as: UTF8.self)
    for longer in [text + "\n", text + "— other AAAA\n", " " + text] { #expect(signer.verifier.checkpoint(in: longer) == nil) }
  }
}

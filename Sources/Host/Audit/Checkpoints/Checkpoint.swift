package import Foundation

/// What the log was at some moment: so many records, with this root. Signed, it is a C2SP checkpoint.
package struct Checkpoint: Sendable, Equatable {
  /// The name of the log.
  package let origin: String
  /// How many records it covers.
  package let size: Int64
  /// Of the Merkle tree over their leaf hashes.
  package let root: Data

  package init(origin: String, size: Int64, root: Data) {
    self.origin = origin
    self.size = size
    self.root = root
  }

  /// What is signed.
  var text: String { "\(origin)\n\(size)\n\(root.base64EncodedString())\n" }

  /// Reads the text as it is written here: there is one way to write a checkpoint.
  init?(text: some StringProtocol) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 4, lines[3].isEmpty, let size = Int64(lines[1]), size >= 0,
      let root = Data(base64Encoded: String(lines[2])), root.count == CompactRange.hashLength
    else { return nil }
    self.init(origin: String(lines[0]), size: size, root: root)
    guard self.text == text else { return nil }
  }
}

extension Checkpoint {
  /// What a signed note says, whoever signed it: the text before the signatures. Proves nothing.
  static func unverified(_ note: String) -> Checkpoint? {
    note.range(of: "\n\n").flatMap { Checkpoint(text: note[..<note.index(after: $0.lowerBound)]) }
  }
}

import Glibc

/// The right side of `like`: pieces of text with anything, also nothing, in between.
struct Pattern: Hashable, Sendable {
  /// Without wildcards the whole text; otherwise what the text must begin with.
  private let head: [UInt8]
  /// What must follow in this order, between the first and the last wildcard.
  private let middle: [Piece]
  /// What the text must end with; nil without a wildcard.
  private let tail: [UInt8]?

  /// - Parameter pieces: what stands between the wildcards, outside the first and the last one included; never empty.
  init(pieces: [[UInt8]]) {
    head = pieces[0]
    middle = pieces.dropFirst().dropLast().filter { !$0.isEmpty }.map(Piece.init)
    tail = pieces.count > 1 ? pieces[pieces.count - 1] : nil
  }

  /// Whether all of `text` fits. Every piece is taken where it first occurs, and every byte of the text is looked at a bounded
  /// number of times: the work is linear whatever an attacker sends. Bytes are as good as scalars, since UTF-8 is self-synchronising.
  func matches(_ text: Text) -> Bool {
    text.withBytes { bytes in
      guard let tail else { return bytes.count == head.count && bytes.begins(with: head, at: 0) }
      guard bytes.count >= head.count + tail.count, bytes.begins(with: head, at: 0),
        bytes.begins(with: tail, at: bytes.count - tail.count)
      else { return false }
      var rest = bytes[head.count..<bytes.count - tail.count]
      for piece in middle {
        guard let end = piece.firstEnd(in: rest) else { return false }
        rest = rest[end...]
      }
      return true
    }
  }

  /// A piece of text with what a search needs (Knuth, Morris and Pratt).
  private struct Piece: Hashable, Sendable {
    let bytes: [UInt8]
    /// For each byte: how many bytes up to and with it are also the beginning of the piece.
    let overlap: [Int]

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      var overlap = [0]
      for byte in bytes.dropFirst() {
        var length = overlap[overlap.count - 1]
        while length > 0, bytes[length] != byte { length = overlap[length - 1] }
        overlap.append(bytes[length] == byte ? length + 1 : 0)
      }
      self.overlap = overlap
    }

    /// Where the first occurrence ends.
    func firstEnd(in text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
      var matched = 0
      for position in text.indices {
        while matched > 0, bytes[matched] != text[position] { matched = overlap[matched - 1] }
        if bytes[matched] == text[position] { matched += 1 }
        if matched == bytes.count { return position + 1 }
      }
      return nil
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Whether `piece` stands at `offset`; there must be as many bytes from there.
  fileprivate func begins(with piece: [UInt8], at offset: Int) -> Bool {
    guard let start = baseAddress else { return piece.isEmpty }
    return piece.withUnsafeBytes { piece in piece.baseAddress.map { memcmp(start + offset, $0, piece.count) == 0 } ?? true }
  }
}

import Crypto
package import Foundation

/// The Merkle tree of RFC 6962 over the first `size` leaves, as the roots of its perfect subtrees: enough to append leaves and to
/// know the root, in space and time logarithmic in the number of leaves.
package struct CompactRange: Sendable, Equatable {
  /// Bytes of every hash.
  static let hashLength = 32

  /// How many leaves there are.
  package private(set) var size: Int64 = 0
  /// The largest subtree first: one for each bit that is set in `size`.
  package private(set) var nodes: [Data] = []

  package init() {}

  /// Nil when the nodes cannot be those of a tree of that size.
  package init?(size: Int64, nodes: [Data]) {
    guard size >= 0, nodes.count == size.nonzeroBitCount, nodes.allSatisfy({ $0.count == Self.hashLength }) else { return nil }
    self.size = size
    self.nodes = nodes
  }

  /// From its nodes one after the other, as they are stored.
  package init?(size: Int64, bytes: Data) {
    guard bytes.count % Self.hashLength == 0 else { return nil }
    let bytes = Data(bytes)
    self.init(
      size: size,
      nodes: stride(from: 0, to: bytes.count, by: Self.hashLength).map { bytes.subdata(in: $0..<($0 + Self.hashLength)) })
  }

  package var bytes: Data { nodes.reduce(Data(), +) }

  /// The hash that stands for the whole tree.
  package var root: Data {
    guard let last = nodes.last else { return Data(SHA256.hash(data: Data())) }
    return nodes.dropLast().reversed().reduce(last) { Self.parent($1, $0) }
  }

  /// Adds the hash of one more leaf.
  package mutating func append(_ leaf: Data) {
    var node = leaf
    var bits = size
    while bits & 1 == 1 {
      node = Self.parent(nodes.removeLast(), node)
      bits >>= 1
    }
    nodes.append(node)
    size += 1
  }

  /// The nodes that lie between two leaves, as a tree of their own, and the leaf behind them. Nil unless one of them begins at `start`.
  func nodes(from start: Int64, to end: Int64) -> (tree: CompactRange, next: Int64)? {
    var begin: Int64 = 0
    var taken: [Data] = []
    for node in nodes {
      let next = begin + 1 << (Int64.bitWidth - 1 - (size - begin).leadingZeroBitCount)
      guard begin >= start || next <= start else { return nil }
      if begin >= start, next <= end { taken.append(node) } else if begin >= start { break }
      begin = next
    }
    return CompactRange(size: begin - start, nodes: taken).map { ($0, begin) }
  }

  static func parent(_ left: Data, _ right: Data) -> Data {
    Data(SHA256.hash(data: Data([1]) + left + right))
  }
}

import Foundation

/// How one leaf hangs together with the root of a tree: RFC 9162, section 2.1.3.
enum InclusionPath {
  /// The ranges of leaves whose roots make up the path, the nearest first. Together with the leaf they are the whole tree.
  static func siblings(of index: Int64, in size: Int64) -> [Range<Int64>] {
    var (low, high) = (Int64(0), size)
    var siblings: [Range<Int64>] = []
    while high - low > 1 {
      // The largest power of two that is smaller than the number of leaves.
      let left = Int64(1) << (Int64.bitWidth - 1 - (high - low - 1).leadingZeroBitCount)
      if index < low + left {
        siblings.append(low + left..<high)
        high = low + left
      } else {
        siblings.append(low..<low + left)
        low += left
      }
    }
    return siblings.reversed()
  }

  /// The root that leaf and path lead to; nil when the path is no path of such a tree.
  static func root(of leaf: Data, at index: Int64, in size: Int64, along path: [Data]) -> Data? {
    guard index >= 0, index < size else { return nil }
    var (node, last, root) = (index, size - 1, leaf)
    for hash in path {
      guard last != 0, hash.count == CompactRange.hashLength else { return nil }
      if node & 1 == 1 || node == last {
        root = CompactRange.parent(hash, root)
        while node & 1 == 0, node != 0 {
          node >>= 1
          last >>= 1
        }
      } else {
        root = CompactRange.parent(root, hash)
      }
      node >>= 1
      last >>= 1
    }
    return last == 0 ? root : nil
  }
}

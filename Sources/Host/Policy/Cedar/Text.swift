import Glibc

/// Text that is equal to another only byte by byte.
///
/// Swift's `String` compares by canonical equivalence: `é` equals `e` followed by a combining accent, and a dictionary merges
/// both keys. Cedar compares scalars, and so must an identity. Ids, keys and literals are therefore never bare strings here.
struct Text: Hashable, Sendable {
  let string: String

  init(_ string: String) {
    var contiguous = string
    contiguous.makeContiguousUTF8()
    self.string = contiguous
  }

  /// The bytes, in place: `init` made them contiguous.
  func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    string.utf8.withContiguousStorageIfAvailable(body) ?? Array(string.utf8).withUnsafeBufferPointer(body)
  }

  static func == (left: Text, right: Text) -> Bool {
    let left = left.string.utf8
    let right = right.string.utf8
    guard left.count == right.count else { return false }
    let compared = left.withContiguousStorageIfAvailable { left in
      right.withContiguousStorageIfAvailable { right in
        guard let start = left.baseAddress, let other = right.baseAddress else { return true }
        return memcmp(start, other, left.count) == 0
      }
    }
    return compared.flatMap(\.self) ?? left.elementsEqual(right)
  }

  func hash(into hasher: inout Hasher) {
    // `init` made the bytes contiguous, so the first branch is the only one ever taken and hashes agree with equality.
    if string.utf8.withContiguousStorageIfAvailable({ hasher.combine(bytes: UnsafeRawBufferPointer($0)) }) == nil {
      for byte in string.utf8 { hasher.combine(byte) }
    }
    hasher.combine(0xff as UInt8)
  }
}

extension Text: ExpressibleByStringLiteral, CustomStringConvertible {
  init(stringLiteral value: String) { self.init(value) }
  var description: String { string }
}

extension Text: Comparable {
  static func < (left: Text, right: Text) -> Bool {
    left.string.utf8.lexicographicallyPrecedes(right.string.utf8)
  }
}

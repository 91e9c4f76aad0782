import Foundation

/// The arguments of one statement as they travel: all in PostgreSQL's binary formats, one behind the other.
struct PostgresParameters {
  private var bytes: [UInt8] = []
  private var ranges: [Range<Int>] = []

  /// - Parameter values: without nulls; those are part of the statement's text.
  init(_ values: [SQLValue]) {
    for value in values {
      let start = bytes.count
      switch value {
      case .null: break
      case .integer(let integer): withUnsafeBytes(of: integer.bigEndian) { bytes += $0 }
      case .text(let text):
        bytes += text.utf8
        // PostgreSQL knows no NUL in a text and would refuse the whole statement.
        if bytes[start...].contains(0) {
          bytes.removeSubrange(start...)
          bytes += text.replacing("\0", with: "\u{fffd}").utf8
        }
      case .blob(let data): bytes += data
      }
      ranges.append(start..<bytes.count)
    }
  }

  /// Hands out what libpq takes; the pointers are good inside `body` only.
  func withPointers<Value>(
    _ body: (
      _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?, _ formats: UnsafePointer<Int32>?
    ) -> Value
  ) -> Value {
    // One byte more: there is an address also for an empty value, which is no null.
    let storage = bytes + [0]
    return storage.withUnsafeBytes { storage in
      let start = storage.assumingMemoryBound(to: CChar.self).baseAddress
      let values = ranges.map { range in start.map { $0 + range.lowerBound } }
      return values.withUnsafeBufferPointer { values in
        ranges.map { Int32(clamping: $0.count) }.withUnsafeBufferPointer { lengths in
          [Int32](repeating: 1, count: ranges.count).withUnsafeBufferPointer { formats in
            body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
          }
        }
      }
    }
  }
}

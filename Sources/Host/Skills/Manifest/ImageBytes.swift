/// Bounds-checked reading of a file that nobody has vouched for. Valid only while the buffer behind it is.
struct ImageBytes {
  private let buffer: UnsafeRawBufferPointer

  init(_ buffer: UnsafeRawBufferPointer) {
    self.buffer = buffer
  }

  var count: UInt64 { UInt64(buffer.count) }

  /// The native-endian integer at `offset`; nil when it does not lie wholly inside.
  func integer<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type = Value.self, at offset: UInt64) -> Value? {
    guard let range = range(at: offset, count: UInt64(MemoryLayout<Value>.size)) else { return nil }
    return buffer.loadUnaligned(fromByteOffset: range.lowerBound, as: Value.self)
  }

  func slice(at offset: UInt64, count: UInt64) -> ImageBytes? {
    guard let range = range(at: offset, count: count) else { return nil }
    return ImageBytes(UnsafeRawBufferPointer(rebasing: buffer[range]))
  }

  /// More bytes than any name has that a skill's library is judged by.
  private static let longestText = 1024

  /// The NUL-terminated UTF-8 text at `offset`; nil when it is not UTF-8 or does not end within 1024 bytes: a file can point
  /// millions of names at one endless text.
  func text(at offset: UInt64) -> String? {
    guard offset < count else { return nil }
    let rest = buffer[Int(offset)...].prefix(Self.longestText + 1)
    guard let end = rest.firstIndex(of: 0) else { return nil }
    return String(validating: rest[..<end], as: UTF8.self)
  }

  var array: [UInt8] { Array(buffer) }

  func starts(with prefix: some Sequence<UInt8>) -> Bool { buffer.starts(with: prefix) }

  private func range(at offset: UInt64, count length: UInt64) -> Range<Int>? {
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard !overflow, end <= count else { return nil }
    return Int(offset)..<Int(end)
  }
}

import Glibc

/// Whole files of bounded size. Everything blocks.
enum FileBytes {
  /// Everything from the current position on; nil when it cannot be read or is longer than `limit`.
  static func read(_ source: Descriptor, atMost limit: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var total = 0
    while total < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(source.number, buffer.baseAddress?.advanced(by: total), buffer.count - total)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      total += count
    }
    return total <= limit ? Array(bytes[..<total]) : nil
  }

  /// False when not everything could be written; `errno` says why.
  static func write(_ bytes: [UInt8], to target: Descriptor) -> Bool {
    var written = 0
    while written < bytes.count {
      let step = bytes.withUnsafeBytes { buffer in
        Glibc.write(target.number, buffer.baseAddress?.advanced(by: written), buffer.count - written)
      }
      if step < 0 && errno == EINTR { continue }
      guard step > 0 else { return false }
      written += step
    }
    return true
  }
}

/// The last failure of a system call, in words.
enum SystemError {
  static var text: String { String(cString: strerror(errno)) }
}

import Foundation

/// The floor under every durable acknowledgement.
enum Disk {
  /// Microseconds for one small append and its fdatasync, many times.
  static func appendAndSync(in folder: URL, times: Int) throws -> [Double] {
    let path = folder.appending(path: "append").path
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw Problem.system("open \(path)") }
    defer {
      close(file)
      unlink(path)
    }
    let page = [UInt8](repeating: 0x5a, count: 4096)
    return try (0..<times).map { _ in
      let start = ContinuousClock.now
      guard write(file, page, page.count) == page.count, fdatasync(file) == 0 else { throw Problem.system("fdatasync") }
      return (ContinuousClock.now - start).seconds * 1e6
    }
  }
}

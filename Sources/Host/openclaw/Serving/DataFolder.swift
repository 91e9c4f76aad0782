import Core
import Foundation
import Skills

/// The only folder that the service writes to. Held by one process at a time.
final class DataFolder: Sendable {
  let path: String
  /// Open as long as the folder is ours; the kernel drops the lock with the process, however it ends.
  private let lock: Int32

  /// Creates the folder when it is missing and takes it for this process.
  init(_ path: String) throws(CommandFailure) {
    self.path = path
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      try FileManager.default.createDirectory(
        atPath: path + "/keys", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw CommandFailure(
        .cannotWrite, code: "data_not_writable", "cannot create the data folder \(path): \(Self.reason())")
    }
    lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw CommandFailure(.cannotWrite, code: "data_not_writable", "cannot write in the data folder \(path): \(Self.reason())")
    }
    // Whoever asks whether the folder is served holds the lock for an instant.
    var attempts = 10
    while flock(lock, LOCK_EX | LOCK_NB) != 0, attempts > 0 {
      attempts -= 1
      usleep(10_000)
    }
    guard attempts > 0 else {
      close(lock)
      throw CommandFailure(
        .unavailable, code: "data_in_use",
        "another openclaw serves the data folder \(path); stop it, or choose another with `data:`")
    }
  }

  deinit {
    close(lock)
  }

  /// Whether some process serves the data folder `path` now.
  static func isServed(_ path: String) -> Bool {
    let lock = open(path + "/lock", O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else { return false }
    defer { close(lock) }
    return flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// This installation's secret of that name, 32 random bytes; made at the first call.
  func key(_ name: String) throws(CommandFailure) -> Data {
    let file = "\(path)/keys/\(name)"
    if let key = FileManager.default.contents(atPath: file) {
      guard key.count == 32 else {
        throw CommandFailure(
          .cannotWrite, code: "key_damaged", "\(file) does not hold 32 bytes; restore it from a backup")
      }
      return key
    }
    var generator = SystemRandomNumberGenerator()
    let key = Data((0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) })
    do {
      // On disk, with its name and that of its folder, before anything is said that only this key explains.
      try SmallFile.replace(file, with: Array(key))
      SmallFile.syncFolder(of: path + "/keys")
    } catch {
      throw CommandFailure(.cannotWrite, code: "data_not_writable", "cannot write \(file): \(error.reason)")
    }
    return key
  }

  /// The secret of that name in the data folder `path`, whoever serves it; nil when none was made yet.
  static func existingKey(_ name: String, in path: String) -> Data? {
    FileManager.default.contents(atPath: "\(path)/keys/\(name)").flatMap { $0.count == 32 ? $0 : nil }
  }

  private static func reason() -> String { String(cString: strerror(errno)) }
}

import Foundation

/// The database file, as it was when it was opened.
struct DatabaseFile: Sendable {
  private let path: String
  private let device: UInt64
  private let inode: UInt64
  let size: Int64

  init(_ path: String) throws(StoreError) {
    self.path = path
    guard let status = Self.status(of: path) else {
      throw StoreError(.cannotOpen, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
  }

  /// Throws when the file is not at its place any more. SQLite would go on writing to it, and everything would be lost with the
  /// process.
  func verify() throws(StoreError) {
    guard let status = Self.status(of: path), UInt64(status.st_dev) == device, UInt64(status.st_ino) == inode else {
      throw StoreError(.cannotCommit, "\(path) was moved or deleted; put it back, or restart to begin with what is there")
    }
  }

  /// A database and what SQLite keeps beside it: whoever repairs it needs all of them.
  private static let parts = ["", "-wal", "-shm", "-journal"]

  /// Moves the database at `path` with all that belongs to it; nil when that was done, else why not.
  static func move(_ path: String, to place: String) -> String? {
    for part in parts where FileManager.default.fileExists(atPath: path + part) {
      guard rename(path + part, place + part) == 0 else { return String(cString: strerror(errno)) }
    }
    return nil
  }

  /// Deletes the database at `path`, if there is one, with all that belongs to it.
  static func remove(_ path: String) {
    for part in parts { unlink(path + part) }
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }
}

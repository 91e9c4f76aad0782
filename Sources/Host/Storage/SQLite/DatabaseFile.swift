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

  private static func status(of path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }
}

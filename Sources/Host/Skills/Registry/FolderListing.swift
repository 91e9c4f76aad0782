import Core
import Glibc

/// What tells one content of a file from another without reading it, mostly.
struct FileStamp: Equatable, Sendable {
  let device: UInt64
  let inode: UInt64
  let size: Int64
  let modified: Int64
  /// Nanoseconds since 1970 of the last change of anything about the file.
  let changed: Int64
}

/// The library files in a folder: names that end in `.so`, not hidden, regular files and not links.
enum FolderListing {
  /// Nil when the folder could not be read, which says nothing about its files. A folder that does not exist is empty. Blocks.
  static func read(_ folder: String) -> [String: FileStamp]? {
    guard let directory = opendir(folder) else { return errno == ENOENT || errno == ENOTDIR ? [:] : nil }
    defer { closedir(directory) }
    var files: [String: FileStamp] = [:]
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name, isSkill(name) else { continue }
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
      files[name] = FileStamp(
        device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
        modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim))
    }
    return files
  }

  static func isSkill(_ name: String) -> Bool {
    name.hasSuffix(".so") && !name.hasPrefix(".") && !name.unicodeScalars.contains(where: \.breaksLines)
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

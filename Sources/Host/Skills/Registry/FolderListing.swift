import Core
import Glibc

/// What tells one content of a file from another without reading it, mostly.
struct FileStamp: Equatable, Sendable {
  /// File systems keep time in steps of some milliseconds; this is more than any of them.
  private static let settlingTime: Duration = .seconds(1)

  let device: UInt64
  let inode: UInt64
  let size: Int64
  let modified: Int64
  /// Nanoseconds since 1970 of the last change of anything about the file.
  let changed: Int64

  /// Whether a change after `time`, when the file was read, would show. Not so for a file that changed just before.
  func isSettled(at time: Timestamp) -> Bool {
    Timestamp(milliseconds: changed / 1_000_000).advanced(by: Self.settlingTime) < time
  }
}

extension FileStamp {
  /// Nil when there is no such file. Blocks.
  init?(of path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  fileprivate init(_ status: stat) {
    self.init(
      device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
      modified: Self.nanoseconds(status.st_mtim), changed: Self.nanoseconds(status.st_ctim))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

/// The library files in the plug-in folder and one level below it: names that end in `.so`, not hidden, regular files and not
/// links. Keys are paths relative to the folder.
struct FolderListing: Sendable {
  /// Folders that are looked into; of more, the first in order.
  static let maximumFolders = 1000

  private(set) var files: [String: FileStamp] = [:]
  /// How many folders were too many.
  private(set) var ignoredFolders = 0

  /// Nil when the folder could not be read, which says nothing about its files. A folder that does not exist is empty. Blocks.
  static func read(_ folder: String) -> FolderListing? {
    var listing = FolderListing()
    var folders: [String] = []
    let isRead = entries(of: folder) { name, status in
      switch status.st_mode & S_IFMT {
      case S_IFREG where isSkill(name): listing.files[name] = FileStamp(status)
      case S_IFDIR: folders.append(name)
      default: break
      }
    }
    guard isRead else { return nil }
    listing.ignoredFolders = max(0, folders.count - maximumFolders)
    for name in folders.sorted().prefix(maximumFolders) {
      let isRead = entries(of: "\(folder)/\(name)") { file, status in
        guard status.st_mode & S_IFMT == S_IFREG, isSkill(file) else { return }
        listing.files["\(name)/\(file)"] = FileStamp(status)
      }
      guard isRead else { return nil }
    }
    return listing
  }

  /// Hands out what is not hidden. False when the system was short of something and nothing can be said.
  private static func entries(of folder: String, _ body: (String, stat) -> Void) -> Bool {
    guard let directory = opendir(folder) else { return ![EMFILE, ENFILE, ENOMEM, EIO].contains(errno) }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard let name, !name.hasPrefix("."), !name.unicodeScalars.contains(where: \.breaksLines) else { continue }
      var status = stat()
      guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
      body(name, status)
    }
    return true
  }

  static func isSkill(_ name: String) -> Bool {
    name.hasSuffix(".so") && !name.hasPrefix(".") && !name.unicodeScalars.contains(where: \.breaksLines)
  }
}

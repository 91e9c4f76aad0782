import Glibc

/// The directories in a directory.
enum FolderNames {
  static let maximum = 1000

  /// Names without hidden ones and links, in order, at most `maximum`; none when it cannot be read. Blocks.
  static func read(_ path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      var status = stat()
      guard let name, !name.hasPrefix("."), lstat("\(path)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        continue
      }
      names.append(name)
    }
    return Array(names.sorted().prefix(maximum))
  }
}

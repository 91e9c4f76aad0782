import Foundation

/// Paths as text.
enum FilePlace {
  /// `path` itself when it is absolute, otherwise `path` inside `folder`; `.` and doubled slashes are removed.
  static func join(_ folder: String, _ path: String) -> String {
    let joined = path.hasPrefix("/") ? path : "\(folder)/\(path)"
    let parts = joined.split(separator: "/").filter { $0 != "." }
    return (joined.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }

  /// The folder that holds `path`.
  static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static var workingDirectory: String {
    FileManager.default.currentDirectoryPath
  }
}

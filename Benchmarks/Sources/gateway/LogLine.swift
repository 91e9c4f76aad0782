import Foundation

/// What the benchmark reads of a line on a server's standard error.
struct LogLine: Codable {
  var msg: String
  var port: String?
  var pid: String?

  func write() {
    guard let line = try? JSONEncoder().encode(self) else { return }
    FileHandle.standardError.write(line + Data("\n".utf8))
  }
}

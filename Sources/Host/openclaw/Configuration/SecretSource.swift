// Declares `stat` as far as this compiler is concerned, once packages with C headers of their own are linked.
import CDispatch
import Core
import Foundation

/// Where a secret comes from. The file of the configuration never holds one itself.
enum SecretSource: Sendable, Equatable {
  /// An absolute path.
  case file(String)
  case environment(String)

  /// Longer is no secret but a mistake.
  static let maximumBytes = 64 * 1024

  /// Reads the secret. Line breaks at its end are dropped, because editors add them.
  func read(environment: [String: String]) throws(InvalidValue) -> Secret {
    let text: String
    let origin: String
    switch self {
    case .environment(let name):
      guard let value = environment[name] else { throw InvalidValue("needs the environment variable \(name), which is not set") }
      text = value
      origin = "the environment variable \(name)"
    case .file(let path):
      text = try Self.contents(of: path)
      origin = "the file \(path)"
    }
    let secret = String(text.reversed().drop { $0.isNewline }.reversed())
    guard !secret.isEmpty else { throw InvalidValue("needs a secret, but \(origin) is empty") }
    guard !secret.contains(where: \.isNewline) else {
      throw InvalidValue("needs a secret of one line, but \(origin) has several")
    }
    return Secret(secret)
  }

  private static func contents(of path: String) throws(InvalidValue) -> String {
    // Without O_NONBLOCK a FIFO in this place would hang the start.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw InvalidValue("needs the file \(path), which cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    // Everything is asked of the open file, so that nobody can exchange it in between.
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw InvalidValue("needs the file \(path), which is not a regular file")
    }
    guard status.st_mode & 0o007 == 0 else {
      throw InvalidValue("needs a private file, but \(path) is open to every user of this machine; run: chmod 600 \(path)")
    }
    guard status.st_size <= maximumBytes else { throw InvalidValue("needs a secret, but the file \(path) is larger than 64 KiB") }
    var bytes = [UInt8](repeating: 0, count: maximumBytes)
    let count = Foundation.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else {
      throw InvalidValue("needs the file \(path), which cannot be read: \(String(cString: strerror(errno)))")
    }
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw InvalidValue("needs a secret, but the file \(path) is not UTF-8 text")
    }
    return text
  }
}

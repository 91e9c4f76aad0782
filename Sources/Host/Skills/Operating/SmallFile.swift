import Glibc

/// Why a file of the host's own could not be read or written.
package struct SmallFileError: Error {
  /// What the system says.
  package let reason: String

  /// What the last call of the system said.
  static var system: SmallFileError { SmallFileError(reason: String(cString: strerror(errno))) }
}

/// Files of some kilobytes that are read and replaced as a whole. Everything here blocks.
package enum SmallFile {
  /// Nil when there is no such file.
  static func read(_ path: String, maximumSize: Int) throws(SmallFileError) -> [UInt8]? {
    guard let source = Descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) else {
      guard errno == ENOENT || errno == ENOTDIR else { throw .system }
      return nil
    }
    var status = stat()
    guard fstat(source.number, &status) == 0 else { throw .system }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SmallFileError(reason: "not a regular file") }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(source.number, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .system }
      guard count > 0 else { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= maximumSize else { throw SmallFileError(reason: "larger than the allowed \(maximumSize) bytes") }
    }
  }

  /// Writes a new file beside it and moves that into place, so that a reader sees the old content or the new.
  ///
  /// - Parameter isDurable: whether the new content must survive a loss of power.
  package static func replace(_ path: String, with bytes: [UInt8], isDurable: Bool = true) throws(SmallFileError) {
    let draft = "\(path).\(getpid()).new"
    unlink(draft)
    guard let target = Descriptor(open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)) else { throw .system }
    do throws(SmallFileError) {
      try write(bytes, to: target)
      guard !isDurable || fsync(target.number) == 0, rename(draft, path) == 0 else { throw .system }
    } catch {
      unlink(draft)
      throw error
    }
    if isDurable { syncFolder(of: path) }
  }

  static func write(_ bytes: [UInt8], to target: Descriptor) throws(SmallFileError) {
    var written = 0
    while written < bytes.count {
      let step = bytes.withUnsafeBytes { Glibc.write(target.number, $0.baseAddress?.advanced(by: written), $0.count - written) }
      if step < 0 && errno == EINTR { continue }
      guard step > 0 else { throw .system }
      written += step
    }
  }

  /// Makes new names beside `path`, and its own, durable. A file system that cannot do it has done what it can.
  package static func syncFolder(of path: String) {
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    guard let directory = Descriptor(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else { return }
    fsync(directory.number)
  }
}

import Core
import Crypto
import Glibc
import LinuxCalls

/// A copy of a skill's library that nobody can change any more: what was hashed and checked is what is loaded.
final class SkillImage: Sendable {
  /// The sealed memory file.
  let descriptor: Descriptor
  let size: Int

  private init(_ descriptor: Descriptor, size: Int) {
    self.descriptor = descriptor
    self.size = size
  }

  /// Copies a regular file, not following a symbolic link. Blocks; for a thread that may.
  static func copy(_ path: String, maximumSize: Int) throws(SkillRefusal) -> SkillImage {
    guard let source = Descriptor(open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) else { throw unreadable("open") }
    var status = stat()
    guard fstat(source.number, &status) == 0 else { throw unreadable("stat") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw SkillRefusal(.unreadable, "not a regular file") }
    guard let target = Descriptor(linux_memfd("openclaw-skill")) else { throw SkillRefusal(.hostFailure, "no memory file") }
    let size = try transfer(from: source, to: target, limit: maximumSize)
    guard linux_seal(target.number) == 0 else { throw SkillRefusal(.hostFailure, "the memory file cannot be sealed") }
    return SkillImage(target, size: size)
  }

  /// Another descriptor of the sealed file, for reading, with a position of its own: what shares one shares a channel.
  func reopened() throws(SkillRefusal) -> Descriptor {
    guard let copy = Descriptor(open("/proc/self/fd/\(descriptor.number)", O_RDONLY | O_CLOEXEC)) else {
      throw SkillRefusal(.hostFailure, "the image cannot be opened again: \(String(cString: strerror(errno)))")
    }
    return copy
  }

  /// Maps the bytes for as long as `body` runs.
  func withBytes<Value>(_ body: (UnsafeRawBufferPointer) throws(SkillRefusal) -> Value) throws(SkillRefusal) -> Value {
    guard size > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor.number, 0), address != MAP_FAILED else {
      throw SkillRefusal(.hostFailure, "the image cannot be mapped")
    }
    defer { munmap(address, size) }
    return try body(UnsafeRawBufferPointer(start: address, count: size))
  }

  /// SHA-256 of the sealed bytes, lower-case hexadecimal.
  func hash() throws(SkillRefusal) -> String {
    try withBytes { SHA256.hash(data: $0).hexadecimal }
  }

  /// Writes the bytes as `<hash>.so` into a directory that only this user can enter, and returns the path. Blocks.
  ///
  /// - Parameter isDurable: whether the copy must survive a loss of power.
  func writeCopy(into directory: String, isDurable: Bool = false) throws(SkillRefusal) -> String {
    guard SkillFolder.make(directory), chmod(directory, 0o700) == 0 else {
      throw SkillRefusal(.hostFailure, "cannot create '\(directory)': \(String(cString: strerror(errno)))")
    }
    let path = "\(directory)/\(try hash()).so"
    let draft = path + ".new"
    unlink(draft)
    guard let target = Descriptor(open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)),
      lseek(descriptor.number, 0, SEEK_SET) == 0
    else { throw SkillRefusal(.hostFailure, "cannot write '\(draft)': \(String(cString: strerror(errno)))") }
    do throws(SkillRefusal) {
      _ = try Self.transfer(from: descriptor, to: target, limit: size)
      guard !isDurable || fsync(target.number) == 0, rename(draft, path) == 0 else {
        throw SkillRefusal(.hostFailure, "cannot write '\(path)': \(String(cString: strerror(errno)))")
      }
    } catch {
      unlink(draft)
      throw error
    }
    if isDurable { SmallFile.syncFolder(of: path) }
    return path
  }

  private static func transfer(from source: Descriptor, to target: Descriptor, limit: Int) throws(SkillRefusal) -> Int {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var total = 0
    while true {
      let count = read(source.number, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw unreadable("read") }
      if count == 0 { return total }
      total += count
      guard total <= limit else { throw SkillRefusal(.unreadable, "larger than the allowed \(limit) bytes") }
      var written = 0
      while written < count {
        let step = write(target.number, buffer.baseAddress?.advanced(by: written), count - written)
        if step < 0 && errno == EINTR { continue }
        guard step > 0 else { throw SkillRefusal(.hostFailure, "no room for a copy: \(String(cString: strerror(errno)))") }
        written += step
      }
    }
  }

  private static func unreadable(_ step: String) -> SkillRefusal {
    SkillRefusal(.unreadable, "\(step): \(String(cString: strerror(errno)))")
  }
}

import Core
import Crypto
import Glibc

/// The file that holds the operator's decisions. The command line changes it, the service follows it.
package struct SkillDecisionsFile: Sendable {
  /// Bytes.
  static let maximumSize = 1 << 20

  package let path: String

  /// - Parameter data: the installation's data folder.
  package init(data: String) {
    self.init(path: "\(SkillFolder(data: data).path)/decisions.json")
  }

  init(path: String) {
    self.path = path
  }

  /// What is decided; nothing when there is no file. Blocks.
  package func read() throws(SkillDecisionsError) -> SkillDecisions {
    let bytes: [UInt8]?
    do throws(SmallFileError) {
      bytes = try SmallFile.read(path, maximumSize: Self.maximumSize)
    } catch {
      throw SkillDecisionsError(.unreadable, "cannot read \(path): \(error.reason)")
    }
    guard let bytes else { return SkillDecisions() }
    do throws(SkillDecisionsError) {
      return try SkillDecisions(parsing: bytes)
    } catch {
      throw SkillDecisionsError(error.code, "\(path): \(error)")
    }
  }

  /// Reads, changes and writes under a lock, so that no two changes undo each other. Nothing is written when nothing changed.
  /// Blocks. What `body` returns.
  @discardableResult
  package func change<Value>(_ body: (inout SkillDecisions) -> Value) throws(SkillDecisionsError) -> Value {
    let lock = try takeLock()
    defer { withExtendedLifetime(lock) {} }
    let before = try read()
    var decisions = before
    let value = body(&decisions)
    if decisions != before { try write(decisions) }
    return value
  }

  /// Replaces the file in one step. Blocks.
  func write(_ decisions: SkillDecisions) throws(SkillDecisionsError) {
    do throws(SmallFileError) {
      try SmallFile.replace(path, with: decisions.json.canonicalBytes + [UInt8(ascii: "\n")])
    } catch {
      throw SkillDecisionsError(.notWritable, "cannot write \(path): \(error.reason)")
    }
  }

  private func takeLock() throws(SkillDecisionsError) -> Descriptor {
    let folder = String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))
    guard SkillFolder.make(folder), let lock = Descriptor(open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)) else {
      throw SkillDecisionsError(.notWritable, "cannot write in \(folder): \(String(cString: strerror(errno)))")
    }
    while flock(lock.number, LOCK_EX) != 0 {
      guard errno == EINTR else {
        throw SkillDecisionsError(.notWritable, "cannot lock \(path): \(String(cString: strerror(errno)))")
      }
    }
    return lock
  }
}

extension SkillDecisions {
  /// Tells these decisions from others.
  package var digest: String { SHA256.hash(data: json.canonicalBytes).hexadecimal }
}
